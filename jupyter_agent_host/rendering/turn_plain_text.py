"""A turn as plain text: reads well in a terminal, in nbconvert and on a code-hosting site."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from jupyter_agent_host.protocol.host_api import NotebookInfo
from jupyter_agent_host.rendering import turn_description
from jupyter_agent_host.rendering.turn_view import NoticePart, Part, PermissionPart, TextPart, ToolPart, TurnView

_WIDTH = 100


@dataclass(frozen=True)
class PlainCaps:
    """How much of each tool call is shown."""

    argument_lines: int = 6
    result_lines: int = 8
    text_bytes: int = 200_000


RUNNING = PlainCaps(argument_lines=0, result_lines=2)


def plain_turn(
    view: TurnView,
    info: NotebookInfo | None = None,
    *,
    filled: tuple[tuple[str, str], ...] = (),
    caps: PlainCaps | None = None,
) -> str:
    """The whole turn; what is folded elsewhere is shortened here."""
    limits = caps or PlainCaps()
    blocks = [filled_line(filled), *(plain_part(part, limits) for part in view.parts), *plain_end(view, info)]
    return "\n\n".join(block for block in _joined(blocks) if block)


def plain_end(view: TurnView, info: NotebookInfo | None) -> list[str]:
    """What comes after the agent's words: files and changes, how it ended, and the footer."""
    files = "\n".join(["Files changed:", *(f"  {turn_description.file_line(change)}" for change in view.files)])
    footer = " · ".join(turn_description.footer(view, info)) if view.ended else ""
    return [
        files if view.files else "",
        turn_description.review_line(view),
        turn_description.ending(view),
        f"— {footer}" if footer else "",
    ]


def plain_part(part: Part, caps: PlainCaps | None = None) -> str:
    """One part; "" when it has nothing to show."""
    limits = caps or PlainCaps()
    match part:
        case TextPart():
            return turn_description.capped(turn_description.readable(part.text).strip("\n"), limits.text_bytes)
        case ToolPart():
            return plain_tool(part, limits)
        case PermissionPart():
            return f"? {turn_description.permission_line(part)}"
        case NoticePart():
            return f"! {turn_description.notice_line(part)}"


def plain_tool(part: ToolPart, limits: PlainCaps) -> str:
    """One tool call: a line, then as much of its arguments and result as the limits allow."""
    return "\n".join(block for block in (tool_call(part, limits), tool_result(part, limits)) if block)


def tool_call(part: ToolPart, limits: PlainCaps) -> str:
    """The call alone."""
    lines = [
        f"▸ {turn_description.headline(part)}",
        *(f"  {line}" for line in _extra_arguments(part, limits.argument_lines)),
    ]
    return textwrap.indent("\n".join(lines), "  " if part.parent else "")


def tool_result(part: ToolPart, limits: PlainCaps) -> str:
    """The result alone, "" while there is none."""
    if part.result is None:
        return ""
    lines = _shortened(part, part.result.size_bytes, limits)
    if part.result.is_error:
        lines[0] = f"failed: {lines[0]}"
    return textwrap.indent("\n".join(lines), "    │ " if part.parent else "  │ ", lambda _: True)


def _extra_arguments(part: ToolPart, count: int) -> list[str]:
    """Arguments that the headline does not tell already."""
    if not isinstance(part.input, dict) or count <= 0:
        return []
    text = turn_description.arguments(part, beside_headline=True)
    return _head(text.split("\n"), count) if text else []


def _shortened(part: ToolPart, size: int, limits: PlainCaps) -> list[str]:
    text = turn_description.result_text(part)
    lines = _head(text.split("\n"), limits.result_lines)
    if len(lines) <= limits.result_lines and size <= len(text.encode(errors="replace")) + 1:
        return lines
    whole = f"{turn_description.size_words(size)} in all" if size else ""
    if len(lines) > limits.result_lines:
        return [*lines[:-1], f"{lines[-1]}, {whole}" if whole else lines[-1]]
    return [*lines, f"… {whole}"]


def _head(lines: list[str], count: int) -> list[str]:
    short = [line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…" for line in lines]
    if len(short) <= count:
        return short
    return [*short[:count], f"… {len(short) - count} more lines"]


def filled_line(filled: tuple[tuple[str, str], ...]) -> str:
    """What was filled into the prompt."""
    if not filled:
        return ""
    return "Filled in: " + ", ".join(f"{name} = {turn_description.one_line(value, 80)}" for name, value in filled)


def _joined(blocks: Iterable[str]) -> list[str]:
    """Tool calls in a row stay close together."""
    result: list[str] = []
    for block in blocks:
        if block and result and result[-1].startswith("▸") and block.startswith(("▸", "  ▸")):
            result[-1] += f"\n{block}"
        else:
            result.append(block)
    return [block for block in result if block]
