"""A host in a process of its own, so that a test can kill it. Prints each event's JSON line as a person would see it.

Usage: host_process.py DATA_DIR NOTEBOOK UPSTREAM PROVIDER [PROMPT]
Without a prompt it only opens the host and follows the notebook's events from the beginning, until it is killed or the
running turn ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.assembly import open_host
from jupyter_agent_host.host.settings import Credential, GatewaySettings, HostSettings
from jupyter_agent_host.protocol.events import TurnEnded, record_to_json
from jupyter_agent_host.protocol.host_api import EventsRequest, NotebookInfo, OpenRequest, PromptRequest


def settings(data_dir: str, upstream: str, provider: str) -> HostSettings:
    """What every host on that folder goes by."""
    return HostSettings(
        data_dir=Path(data_dir),
        provider=provider,
        allow_unsandboxed=True,
        gateway=GatewaySettings(base_url=upstream, credential=Credential("api_key", "sk-test"), label="scripted model"),
    )


async def main(data_dir: str, notebook: str, upstream: str, provider: str, prompt: str) -> None:
    async with open_host(settings(data_dir, upstream, provider)) as manager:
        ref = NotebookRef(path=notebook)
        info = await manager.call(ref, "open", OpenRequest())
        assert isinstance(info, NotebookInfo)
        if prompt:
            await manager.call(ref, "prompt", PromptRequest(prompt=prompt))
        ended, turns = 0, await manager.services.journal.lineage(info.session_id)
        async for record in manager.events(info.notebook_id, EventsRequest()):
            sys.stdout.write(record_to_json(record).decode() + "\n")
            sys.stdout.flush()
            ended += isinstance(record.event, TurnEnded)
            if not prompt and ended == len(turns):
                return


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:5], sys.argv[5] if sys.argv[5:] else "")
