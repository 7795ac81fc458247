"""A conversation as a file for people (Markdown) or for programs (JSON lines), made while it is sent."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import quote

import anyio.to_thread
import msgspec

from jupyter_agent_host.host.api.status_report import turn_summary
from jupyter_agent_host.protocol.events import EventRecord, TextDelta, record_to_json
from jupyter_agent_host.rendering.markdown_escaping import escape_text, settle_dollars
from jupyter_agent_host.rendering.markdown_sanitizer import make_inert
from jupyter_agent_host.rendering.turn_description import one_line
from jupyter_agent_host.rendering.turn_markdown import markdown_turn
from jupyter_agent_host.rendering.turn_view import TurnView, reduce
from jupyter_agent_host.store.journal.rows import TurnRow

Format = Literal["markdown", "jsonl"]
Items = AsyncIterator[TurnRow | EventRecord]

MAX_EXPORT_BYTES = 256 * 1024 * 1024
"""An export ends here, and says so."""

MAX_TURN_EVENTS = 20_000
"""Of one turn in Markdown, which is laid out as a whole."""

CONTENT_TYPE: dict[Format, str] = {"markdown": "text/markdown; charset=utf-8", "jsonl": "application/x-ndjson"}
_ENDING: dict[Format, str] = {"markdown": "md", "jsonl": "jsonl"}
_CUT = "The export ends here: it would be larger than 256 MiB."


def disposition(path: str, form: Format) -> str:
    """The header that makes a browser save the answer, under the notebook's name."""
    stem = PurePosixPath(path).stem or "notebook"
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", stem)[:100]
    whole = quote(stem[:100], safe="")
    return f"attachment; filename=\"{plain}-agent.{_ENDING[form]}\"; filename*=UTF-8''{whole}-agent.{_ENDING[form]}"


async def export(items: Items, form: Format, title: str) -> AsyncIterator[bytes]:
    """The file, piece by piece; never more than `MAX_EXPORT_BYTES` and a last line."""
    size = 0
    async for piece in _markdown(items, title) if form == "markdown" else _jsonl(items):
        size += len(piece)
        if size > MAX_EXPORT_BYTES:
            yield f"\n> {_CUT}\n".encode() if form == "markdown" else msgspec.json.encode({"note": _CUT}) + b"\n"
            return
        yield piece


async def _jsonl(items: Items) -> AsyncIterator[bytes]:
    """One object a line: `{"turn": ...}` (a `TurnSummary`) before the event records of each turn.

    Pieces of text are left out, since the whole text follows.
    """
    async for item in items:
        if isinstance(item, TurnRow):
            yield msgspec.json.encode({"turn": turn_summary(item)}) + b"\n"
        elif not isinstance(item.event, TextDelta):
            yield record_to_json(item) + b"\n"


async def _markdown(items: Items, title: str) -> AsyncIterator[bytes]:
    yield f"# {_text(title)}\n".encode()
    row, view, events = None, TurnView(), 0
    async for item in items:
        if isinstance(item, TurnRow):
            if row is not None:
                yield await _in_thread(_turn, row, view)
            row, view, events = item, TurnView(), 0
        elif (events := events + 1) <= MAX_TURN_EVENTS:
            view = reduce(view, item)
    if row is not None:
        yield await _in_thread(_turn, row, view)


async def _in_thread(make: Callable[[TurnRow, TurnView], str], row: TurnRow, view: TurnView) -> bytes:
    text = await anyio.to_thread.run_sync(make, row, view)
    return text.encode("utf-8", "replace")


def _turn(row: TurnRow, view: TurnView) -> str:
    when = datetime.fromtimestamp(row.started, UTC).strftime("%Y-%m-%d %H:%M UTC")
    answer = markdown_turn(view) if view.last_event else make_inert(row.text)
    return f"\n## {when}\n\n{_quoted(make_inert(row.prompt))}\n\n{answer}\n"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _text(text: str) -> str:
    return settle_dollars(escape_text(one_line(text, 200)))
