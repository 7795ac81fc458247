"""A turn as Markdown: the agent's words made inert, tool calls folded. The only HTML in it is our own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jupyter_agent_host.notebook import describe
from jupyter_agent_host.notebook.inert import make_inert
from jupyter_agent_host.notebook.inert_text import code_block, code_span, escape_text, settle_dollars
from jupyter_agent_host.notebook.turn import NoticePart, Part, PermissionPart, TextPart, ToolPart, TurnView
from jupyter_agent_host.protocol.host_api import NotebookInfo


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
    names = ", ".join(f"{code_span(name)} = {code_span(describe.one_line(value, 80))}" for name, value in filled)
    files = "\n".join(["Files changed:", "", *(f"- {code_span(describe.file_line(file))}" for file in view.files)])
    changes, ended = describe.review_line(view), describe.ending(view)
    footer = " · ".join(describe.footer(view, info)) if view.ended else ""
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
            return make_inert(describe.capped(part.text, limits.text_bytes))
        case ToolPart():
            return _tool(part, limits.tool_bytes)
        case PermissionPart():
            return f"> {_text(describe.permission_line(part))}"
        case NoticePart():
            return f"> {_text(describe.notice_line(part))}"


def _tool(part: ToolPart, limit: int) -> str:
    result = describe.result_text(part)
    size = part.result.size_bytes if part.result else 0
    word = "Failed" if part.result is not None and part.result.is_error else "Result"
    blocks = [
        f"<details><summary>{summary_html(describe.headline(part))}</summary>",
        code_block(describe.capped(describe.arguments(part), limit)) if part.input else "",
        f"{word}:\n\n{code_block(describe.capped(result, limit, size_bytes=size))}" if part.result else "",
        "</details>",
    ]
    return "\n\n".join(block for block in blocks if block)


def summary_html(text: str) -> str:
    """Text for the inside of our own HTML: every sign that could mean something is a character reference."""
    flat = describe.one_line(text, 200)
    return re.sub(r"[^\w ./…-]", lambda match: f"&#{ord(match.group())};", flat)


def _text(text: str) -> str:
    return settle_dollars(escape_text(text))
