"""A turn as Markdown: the agent's words made inert, tool calls folded. The only HTML in it is our own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jupyter_agent_host.protocol.host_api import NotebookInfo
from jupyter_agent_host.rendering import turn_description
from jupyter_agent_host.rendering.markdown_escaping import code_block, code_span, escape_text, settle_dollars
from jupyter_agent_host.rendering.markdown_sanitizer import make_inert
from jupyter_agent_host.rendering.turn_view import NoticePart, Part, PermissionPart, TextPart, ToolPart, TurnView


@dataclass(frozen=True)
class MarkdownCaps:
    """Bytes of each tool call's arguments and of its result, and of each text."""

    tool_bytes: int = 4096
    text_bytes: int = 200_000


def markdown_turn(
    view: TurnView,
    info: NotebookInfo | None = None,
    *,
    filled: tuple[tuple[str, str], ...] = (),
    caps: MarkdownCaps | None = None,
) -> str:
    """The whole turn."""
    limits = caps or MarkdownCaps()
    names = ", ".join(
        f"{code_span(name)} = {code_span(turn_description.one_line(value, 80))}" for name, value in filled
    )
    files = "\n".join(
        ["Files changed:", "", *(f"- {code_span(turn_description.file_line(file))}" for file in view.files)]
    )
    changes, ended = turn_description.review_line(view), turn_description.ending(view)
    footer = " · ".join(turn_description.footer(view, info)) if view.ended else ""
    blocks = [
        f"> Filled in: {names}" if filled else "",
        *(_part(part, limits) for part in view.parts),
        files if view.files else "",
        _text(changes) if changes else "",
        f"> **{_text(ended)}**" if ended else "",
        f"*{_text(footer)}*" if footer else "",
    ]
    return "\n\n".join(block for block in blocks if block)


def _part(part: Part, limits: MarkdownCaps) -> str:
    match part:
        case TextPart():
            return make_inert(turn_description.capped(part.text, limits.text_bytes))
        case ToolPart():
            return _tool(part, limits.tool_bytes)
        case PermissionPart():
            return f"> {_text(turn_description.permission_line(part))}"
        case NoticePart():
            return f"> {_text(turn_description.notice_line(part))}"


def _tool(part: ToolPart, limit: int) -> str:
    result = turn_description.result_text(part)
    size = part.result.size_bytes if part.result else 0
    word = "Failed" if part.result is not None and part.result.is_error else "Result"
    blocks = [
        f"<details><summary>{summary_html(turn_description.headline(part))}</summary>",
        code_block(turn_description.capped(turn_description.arguments(part), limit)) if part.input else "",
        f"{word}:\n\n{code_block(turn_description.capped(result, limit, size_bytes=size))}" if part.result else "",
        "</details>",
    ]
    return "\n\n".join(block for block in blocks if block)


def summary_html(text: str) -> str:
    """Text for the inside of our own HTML: every sign that could mean something is a character reference."""
    flat = turn_description.one_line(text, 200)
    return re.sub(r"[^\w ./…-]", lambda match: f"&#{ord(match.group())};", flat)


def _text(text: str) -> str:
    return settle_dollars(escape_text(text))
