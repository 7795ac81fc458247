"""After a tool call: copy what the agent changed to the person's folder, and put into words what was refused."""

from __future__ import annotations

import logging

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.turns import turn_endings
from jupyter_agent_host.protocol.events import AnyEvent, FilesChanged, FilesRefused, Notice

logger = logging.getLogger(__name__)


async def collect(agent: NotebookAgent) -> tuple[list[AnyEvent], str]:
    """Copy changed files out: what to show, and what to tell the agent about files that stayed inside."""
    events, refused_hosts = _network(agent)
    live = agent.live
    if live is None:
        return events, refused_hosts
    try:
        collected = await live.workspace.collect()
    except (AgentHostError, OSError) as err:
        logger.warning("workspace of %s: %s", agent.row.notebook_id, err)
        text = f"Changed files could not be copied to the notebook's folder: {err}"
        return [*events, Notice(level="error", code="workspace", text=text)], "\n".join(
            filter(None, (refused_hosts, text))
        )
    agent.kept_inside = tuple(refused.path for refused in collected.all_refused)
    events.extend(await agent.review.note_files(collected))
    if collected.files:
        events.append(FilesChanged(files=tuple(collected.files)))
    by_reason: dict[str, list[str]] = {}
    for refused in collected.refused:
        by_reason.setdefault(refused.reason, []).append(refused.path)
    events.extend(FilesRefused(paths=tuple(paths), reason=reason) for reason, paths in by_reason.items())
    return events, _lines(refused_hosts, turn_endings.refusal_note(by_reason))


def _network(agent: NotebookAgent) -> tuple[list[AnyEvent], str]:
    """What was refused on the network meanwhile: tools often show a bare 403, so agent and person are told."""
    refused = list(agent.network.take_refused().values())
    notices: list[AnyEvent] = [Notice(level="warning", code="network_refused", text=text) for text in refused]
    return notices, "\n".join(refused)


def _lines(*texts: str) -> str:
    return "\n".join(filter(None, texts))
