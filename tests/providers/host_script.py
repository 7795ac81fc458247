"""A host that starts one sandbox, puts an agent's process into it, says so, and waits to be killed."""

from __future__ import annotations

import sys

import anyio

from jupyter_agent_host.providers.local.provider import LocalProvider
from jupyter_agent_host.providers.process.provider import ProcessProvider
from jupyter_agent_host.sandbox.spec import SandboxSpec
from jupyter_agent_host.testing.sandbox_shell import open_inside

KINDS = {"local": LocalProvider, "process": ProcessProvider}


async def main(kind: str, run_dir: str, marker: str) -> None:
    provider = KINDS[kind](run_dir=run_dir)
    report = await provider.probe()
    spec = SandboxSpec(
        host_id="h",
        notebook_id="n",
        session_id="s",
        token=marker * 2,
        user=report.sandbox_user,
        environment={"MARKER": marker},
    )
    sandbox = await provider.create(spec)
    async with open_inside(sandbox, spec.token) as inside:
        await inside.run("(setsid sh -c 'sleep 300 & sleep 300' > /dev/null 2>&1 &); sleep 0.2")
        print("ready", flush=True)  # noqa: T201 - the test waits for it
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:])
