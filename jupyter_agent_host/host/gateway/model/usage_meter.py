"""Reading the usage out of an answer while it passes, without holding a byte back.

What the upstream says counts. Where an answer broke off before that, the meter estimates on the safe side, since
whoever asks and hangs up has still made the model work, and could otherwise read most of an answer and pay for none:
four ASCII characters of output are a token, and so is each other character; thinking that is not shown goes at a
hundred tokens a second; an answer that comes as a whole is as long as the request let it be. If not even the start of
the message was seen, four bytes of the request are a token of input.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from jupyter_agent_host.host.gateway.notebook_scope import Tokens

_BYTES_PER_TOKEN = 4
_TOKENS_PER_SECOND = 100.0
_THINKING = ("thinking", "redacted_thinking")
_MAX_LINE_BYTES = 4 * 1024 * 1024
_MAX_JSON_BYTES = 16 * 1024 * 1024
_DATA = b"data:"


class _Creation(msgspec.Struct):
    ephemeral_1h_input_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _Creation | None = None


class _Message(msgspec.Struct):
    id: str = ""
    usage: _Usage | None = None


class _Delta(msgspec.Struct):
    text: str = ""
    thinking: str = ""
    partial_json: str = ""


class _Block(msgspec.Struct):
    type: str = ""


class _Event(msgspec.Struct):
    type: str = ""
    message: _Message | None = None
    usage: _Usage | None = None
    delta: _Delta | None = None
    content_block: _Block | None = None


_event_decoder = msgspec.json.Decoder(_Event)
_message_decoder = msgspec.json.Decoder(_Message)


@dataclass(frozen=True)
class Reading:
    """What the meter knows: `usage` (estimates included) and the message's id."""

    usage: Tokens
    message_id: str


class StreamMeter:
    """Reads server-sent events. Feed it every chunk as it passes; ask at any time.

    `most_tokens`: of output, as the request bounds it.
    """

    def __init__(
        self, request_bytes: int, *, most_tokens: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._request_bytes = request_bytes
        self._most_tokens = most_tokens
        self._clock = clock
        self._line = bytearray()
        self._counts: dict[str, int] = {}
        self._shown = 0.0
        self._hidden_seconds = 0.0
        self._hidden_since: float | None = None
        self._final = False
        self._message_id = ""

    def feed(self, chunk: bytes) -> None:
        """Read more of the answer. Bytes that are no event are passed over."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._read_line(bytes(self._line) + line if self._line else line)
            self._line.clear()
        if len(self._line) + len(rest) <= _MAX_LINE_BYTES:
            self._line += rest

    def read(self) -> Reading:
        """The usage so far."""
        counts = dict(self._counts)
        if not self._final:
            counts["output_tokens"] = max(counts.get("output_tokens", 0), self._estimated())
        counts.setdefault("input_tokens", math.ceil(self._request_bytes / _BYTES_PER_TOKEN))
        return Reading(usage=Tokens(**counts), message_id=self._message_id)

    def _estimated(self) -> int:
        since = self._hidden_since
        seconds = self._hidden_seconds + (self._clock() - since if since is not None else 0.0)
        hidden = min(math.ceil(seconds * _TOKENS_PER_SECOND), self._most_tokens)
        return max(math.ceil(self._shown), hidden)

    def _read_line(self, line: bytes) -> None:
        if not line.startswith(_DATA):
            return
        try:
            event = _event_decoder.decode(line[len(_DATA) :])
        except (msgspec.DecodeError, msgspec.ValidationError):
            return
        self._note_thinking(event)
        if event.delta is not None:
            self._shown += sum(map(_tokens, (event.delta.text, event.delta.thinking, event.delta.partial_json)))
        if event.message is not None:
            self._message_id = event.message.id
            self._counts.update(_counts(event.message.usage))
        if event.type == "message_delta" and event.usage is not None:
            self._counts.update(_counts(event.usage))
            self._final = True

    def _note_thinking(self, event: _Event) -> None:
        """Count the time of a block of thinking, unless its text is there to be counted."""
        if event.delta is not None and event.delta.thinking:
            self._hidden_since = None
        elif event.type == "content_block_start":
            thinks = event.content_block is not None and event.content_block.type in _THINKING
            self._hidden_since = self._clock() if thinks else None
        elif event.type == "content_block_stop" and self._hidden_since is not None:
            self._hidden_seconds += self._clock() - self._hidden_since
            self._hidden_since = None


class JsonMeter:
    """The same for an answer that is one JSON document."""

    def __init__(self, request_bytes: int, *, most_tokens: int = 0) -> None:
        self._request_bytes = request_bytes
        self._most_tokens = most_tokens
        self._data = bytearray()

    def feed(self, chunk: bytes) -> None:
        if len(self._data) + len(chunk) <= _MAX_JSON_BYTES:
            self._data += chunk

    def read(self) -> Reading:
        try:
            message = _message_decoder.decode(self._data)
        except (msgspec.DecodeError, msgspec.ValidationError):
            message = _Message(usage=_Usage(output_tokens=self._most_tokens))
        counts = _counts(message.usage)
        counts.setdefault("input_tokens", math.ceil(self._request_bytes / _BYTES_PER_TOKEN))
        return Reading(usage=Tokens(**counts), message_id=message.id)


def _tokens(text: str) -> float:
    """A safe estimate: scripts other than ours take a token a character, or nearly."""
    if text.isascii():
        return len(text) / _BYTES_PER_TOKEN
    plain = sum(map(str.isascii, text))
    return plain / _BYTES_PER_TOKEN + len(text) - plain


def _counts(usage: _Usage | None) -> dict[str, int]:
    """The counts that are given, by the names of `Tokens`; a negative one is no count."""
    if usage is None:
        return {}
    hour = usage.cache_creation.ephemeral_1h_input_tokens if usage.cache_creation is not None else None
    given = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_input_tokens,
        "cache_creation_input_tokens": usage.cache_creation_input_tokens,
        "cache_creation_1h_input_tokens": hour,
    }
    return {name: count for name, count in given.items() if count is not None and count >= 0}
