"""Where a turn is shown while it runs and when it ended: one display in a notebook, growing text in a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import msgspec

from jupyter_agent_host.protocol.host_api import NotebookInfo
from jupyter_agent_host.rendering import turn_description
from jupyter_agent_host.rendering.mime_bundle import MAX_FINAL_BYTES, TURN_TYPE, final_bundle, reference
from jupyter_agent_host.rendering.turn_plain_text import (
    RUNNING,
    PlainCaps,
    filled_line,
    plain_end,
    plain_part,
    plain_turn,
    tool_call,
    tool_result,
)
from jupyter_agent_host.rendering.turn_view import NoticePart, Part, PermissionPart, TextPart, ToolPart, TurnView

MAX_PUBLISHED_BYTES = 1_000_000
"""All that one turn may publish. Collaborative documents keep every update of an output for ever."""

MAX_TAIL_BYTES = 4096
_TAIL_BYTES = 1200
_RUNNING_BYTES = MAX_PUBLISHED_BYTES - MAX_FINAL_BYTES
_SHORTEST_INTERVAL = 0.2
_QUIET_INTERVAL = 2.0
_FULL_RATE_SHARE = 0.2
_DOUBLING_SHARE = 0.1

Publish = Callable[[dict[str, Any], bool], None]
"""Publishes a MIME bundle; True replaces the one before."""


class TurnOutput(Protocol):
    """What shows one turn."""

    def show(self, view: TurnView, status: str) -> None:
        """The turn as it is now; may be left out when one was shown just before. `status`: "seconds · a phrase"."""

    def finish(self, view: TurnView, info: NotebookInfo | None, note: str = "") -> None:
        """The turn as it stays. Called once. `note` is a sentence to add, "" for none."""


class CellOutput:
    """One display, replaced in place, within `MAX_PUBLISHED_BYTES` for the whole turn.

    At most five updates a second; the more of the running turn's share is used up, the rarer they get.
    """

    def __init__(
        self,
        publish: Publish,
        *,
        filled: tuple[tuple[str, str], ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publish = publish
        self._filled = filled
        self._clock = clock
        self._spent = 0
        self._last_time = float("-inf")
        self._last_seen: tuple[int, str] | None = None
        self._last: dict[str, Any] | None = None

    def show(self, view: TurnView, status: str) -> None:
        """See `TurnOutput.show`."""
        now = self._clock()
        seen = (view.last_event, status.partition(" · ")[2])
        least = self._interval() if seen != self._last_seen else max(self._interval(), _QUIET_INTERVAL)
        if now - self._last_time < least:
            return
        bundle = {"text/plain": running_tail(view, status, self._filled), TURN_TYPE: reference(view)}
        size = len(msgspec.json.encode(bundle))
        if bundle == self._last or self._spent + size > _RUNNING_BYTES:
            return
        self._send(bundle)
        self._spent += size
        self._last_time = now
        self._last_seen = seen

    def finish(self, view: TurnView, info: NotebookInfo | None, note: str = "") -> None:
        """See `TurnOutput.finish`."""
        ended = _with_note(view, note)
        self._send(final_bundle(ended, info, filled=self._filled))

    def _send(self, bundle: dict[str, Any]) -> None:
        self._publish(bundle, self._last is not None)
        self._last = bundle

    def _interval(self) -> float:
        beyond = max(0.0, self._spent / _RUNNING_BYTES - _FULL_RATE_SHARE)
        return _SHORTEST_INTERVAL * float(2 ** (beyond / _DOUBLING_SHARE))


def running_tail(view: TurnView, status: str, filled: tuple[tuple[str, str], ...] = ()) -> str:
    """The end of what there is so far, and a line about what is going on."""
    whole = plain_turn(view, filled=filled if not view.parts else (), caps=RUNNING)
    data = whole.encode(errors="replace")
    if len(data) > _TAIL_BYTES:
        cut = data[-_TAIL_BYTES:].decode(errors="ignore")
        whole = "…\n" + (cut.partition("\n")[2] or cut)
    line = f"● {turn_description.one_line(status)}"
    return f"{whole}\n\n{line}" if whole else line


class TerminalOutput:
    """Text that grows, since a terminal takes nothing back."""

    def __init__(self, write: Callable[[str], object], *, filled: tuple[tuple[str, str], ...] = ()) -> None:
        self._write = write
        self._written: dict[str, str] = {}
        self._open_key = ""
        self._empty = True
        self._last_key = ""
        if filled:
            self._block(filled_line(filled))

    def show(self, view: TurnView, status: str) -> None:  # noqa: ARG002 - a status line would stay for ever
        """See `TurnOutput.show`."""
        for index, part in enumerate(view.parts):
            self._part(part, index, last=index == len(view.parts) - 1)

    def finish(self, view: TurnView, info: NotebookInfo | None, note: str = "") -> None:
        """See `TurnOutput.finish`."""
        for index, part in enumerate(view.parts):
            self._part(part, index, last=False)
        for block in (*plain_end(view, info), note):
            self._block(block)
        self._close_line()

    def _part(self, part: Part, index: int, *, last: bool) -> None:
        key = _key(part, index)
        if isinstance(part, TextPart):
            self._text(key, turn_description.readable(part.text).rstrip("\n"), keep_open=last and part.open)
        elif isinstance(part, ToolPart):
            self._once(f"{key}/call", tool_call(part, PlainCaps()))
            self._once(f"{key}/result", tool_result(part, PlainCaps()), close=self._last_key == f"{key}/call")
        elif not (isinstance(part, PermissionPart) and part.settled is None):  # an open question is asked right below
            text = plain_part(part)
            self._once(f"{key}/{text}", text)

    def _text(self, key: str, text: str, *, keep_open: bool) -> None:
        known = self._written.get(key, "")
        if text.startswith(known):
            new = text[len(known) :]
            if new:
                if self._open_key != key:
                    self._gap(close=bool(known))
                self._write(new)
                self._open_key = key
        elif text.strip() != known.strip():
            self._block(text)
        self._written[key] = text
        if self._open_key == key and not keep_open:
            self._close_line()

    def _once(self, key: str, text: str, *, close: bool = False) -> None:
        if text and key not in self._written:
            self._written[key] = text
            self._block(text, close=close)
            self._last_key = key

    def _block(self, text: str, *, close: bool = False) -> None:
        """Write some lines, after an empty one unless they belong `close` to what is above."""
        if text:
            self._gap(close=close)
            self._write(f"{text}\n")

    def _gap(self, *, close: bool = False) -> None:
        self._close_line()
        if not self._empty and not close:
            self._write("\n")
        self._empty = False
        self._last_key = ""

    def _close_line(self) -> None:
        if self._open_key:
            self._write("\n")
            self._open_key = ""


def _key(part: Part, index: int) -> str:
    if isinstance(part, ToolPart):
        return f"tool/{part.tool_use_id}"
    return f"text/{part.message_id}/{index}" if isinstance(part, TextPart) else "line"


def _with_note(view: TurnView, note: str) -> TurnView:
    if not note:
        return view
    return replace(view, parts=(*view.parts, NoticePart(level="info", code="note", text=note)))
