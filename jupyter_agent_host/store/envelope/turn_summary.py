"""What a notebook remembers of one turn for its history, bounded."""

from __future__ import annotations

import msgspec

from jupyter_agent_host.protocol.events import Usage

MAX_PROMPT_CHARS = 8_000
MAX_TEXT_CHARS = 32_000
MAX_NAME_CHARS = 200
MAX_TOOLS = 50


class TurnSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One turn as its history shows it. Longer prompts and texts are cut; `prompt_digest` is of the whole prompt.

    `tools` are the names of the tools it called, in order. Times are seconds since the epoch, UTC.
    """

    turn_id: str
    session_id: str
    prompt: str
    prompt_digest: str
    text: str = ""
    status: str = "completed"
    started: float = 0.0
    ended: float = 0.0
    duration_ms: int = 0
    cost_usd: float = 0.0
    usage: Usage = Usage()
    cell_id: str = ""
    origin: str = ""
    model: str = ""
    tools: tuple[str, ...] = ()
    previous_turn_id: str = ""


def bounded(summary: TurnSummary) -> TurnSummary:
    """The same summary within the sizes that a reader accepts."""
    return msgspec.structs.replace(
        summary,
        prompt=_cut(summary.prompt, MAX_PROMPT_CHARS),
        text=_cut(summary.text, MAX_TEXT_CHARS),
        tools=tuple(_cut(name, MAX_NAME_CHARS) for name in summary.tools[:MAX_TOOLS]),
        cell_id=summary.cell_id[:MAX_NAME_CHARS],
        origin=summary.origin[:MAX_NAME_CHARS],
        model=summary.model[:MAX_NAME_CHARS],
    )


def _cut(text: str, limit: int) -> str:
    # A lone surrogate has no UTF-8 form; a notebook could not be saved with it.
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= limit else text[: limit - 1] + "…"
