"""How full an agent's context window is: counted by the agent while it can be asked, else as its last turn told."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.sandboxes.control_channel import new_request_id
from jupyter_agent_host.protocol.control import ContextUsage
from jupyter_agent_host.protocol.host_api import ContextPart, ContextUse

logger = logging.getLogger(__name__)

_ASK_SECONDS = 20
_WINDOW = 200_000
_LONG_WINDOW = 1_000_000
_LONG_MARK = "[1m]"
"""The SDK's ending of a model's name that asks for the long window."""
_MAX_PARTS = 30
_MAX_NAME = 80
_MAX_TOKENS = 100_000_000


class _Part(msgspec.Struct):
    name: str
    tokens: int


class _Counted(msgspec.Struct, rename="camel"):
    """What we read of the SDK's `ContextUsageResponse`; it comes out of a sandbox."""

    total_tokens: int
    raw_max_tokens: int = 0
    max_tokens: int = 0
    model: str = ""
    auto_compact_threshold: int = 0
    is_auto_compact_enabled: bool = False
    categories: tuple[_Part, ...] = ()


async def context_use(agent: NotebookAgent) -> ContextUse:
    """Ask the agent if it is there and does nothing else; what it said last is kept as the window's size."""
    live = agent.live
    if live is not None and agent.active is None and live.has_open(agent.row.session_id):
        try:
            frame = ContextUsage(request_id=new_request_id(), session_id=agent.row.session_id)
            counted = _read(await live.channel.command(frame, timeout_seconds=_ASK_SECONDS))
        except (AgentHostError, TimeoutError, msgspec.ValidationError) as err:
            logger.info("the agent did not count its context: %s", err)
        else:
            agent.context_window = counted.window
            return counted
    return await last_known(agent)


async def last_known(agent: NotebookAgent) -> ContextUse:
    """What the newest turn told."""
    model = agent.row.model or agent.services.settings.model or ""
    tokens = await agent.services.journal.context_tokens(agent.row.session_id)
    window = agent.context_window or (_LONG_WINDOW if model.endswith(_LONG_MARK) else _WINDOW)
    return ContextUse(tokens=tokens, window=max(window, tokens), model=model)


def _read(result: Any) -> ContextUse:
    counted = msgspec.convert(result, _Counted)
    parts = [
        ContextPart(name=part.name[:_MAX_NAME], tokens=_bounded(part.tokens))
        for part in counted.categories[:_MAX_PARTS]
    ]
    return ContextUse(
        tokens=_bounded(counted.total_tokens),
        window=_bounded(counted.raw_max_tokens or counted.max_tokens) or _WINDOW,
        live=True,
        model=counted.model[:_MAX_NAME],
        compacts_at=_bounded(counted.auto_compact_threshold) if counted.is_auto_compact_enabled else 0,
        parts=tuple(parts),
    )


def _bounded(tokens: int) -> int:
    return min(max(0, tokens), _MAX_TOKENS)
