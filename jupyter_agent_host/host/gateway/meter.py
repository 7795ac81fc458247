"""Reading the usage out of an answer while it passes, without holding a byte back.

What the upstream says counts. Where an answer broke off before that, the meter estimates on the safe side: four
characters of output are a token; and if not even the start of the message was seen, four bytes of the request are a
token of input, since whoever asks and hangs up has still made the model work.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from jupyter_agent_host.host.gateway.scope import Tokens

_BYTES_PER_TOKEN = 4
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


class _Event(msgspec.Struct):
    type: str = ""
    message: _Message | None = None
    usage: _Usage | None = None
    delta: _Delta | None = None


_event_decoder = msgspec.json.Decoder(_Event)
_message_decoder = msgspec.json.Decoder(_Message)


@dataclass(frozen=True)
class Reading:
    """What the meter knows: `usage` (estimates included) and the message's id."""

    usage: Tokens
    message_id: str


class StreamMeter:
    """Reads server-sent events. Feed it every chunk as it passes; ask at any time."""

    def __init__(self, request_bytes: int) -> None:
        self._request_bytes = request_bytes
        self._line = bytearray()
        self._counts: dict[str, int] = {}
        self._characters = 0
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
            seen = math.ceil(self._characters / _BYTES_PER_TOKEN)
            counts["output_tokens"] = max(counts.get("output_tokens", 0), seen)
        counts.setdefault("input_tokens", math.ceil(self._request_bytes / _BYTES_PER_TOKEN))
        return Reading(usage=Tokens(**counts), message_id=self._message_id)

    def _read_line(self, line: bytes) -> None:
        if not line.startswith(_DATA):
            return
        try:
            event = _event_decoder.decode(line[len(_DATA) :])
        except (msgspec.DecodeError, msgspec.ValidationError):
            return
        if event.delta is not None:
            self._characters += len(event.delta.text) + len(event.delta.thinking) + len(event.delta.partial_json)
        if event.message is not None:
            self._message_id = event.message.id
            self._counts.update(_counts(event.message.usage))
        if event.type == "message_delta" and event.usage is not None:
            self._counts.update(_counts(event.usage))
            self._final = True


class JsonMeter:
    """The same for an answer that is one JSON document."""

    def __init__(self, request_bytes: int) -> None:
        self._request_bytes = request_bytes
        self._data = bytearray()

    def feed(self, chunk: bytes) -> None:
        if len(self._data) + len(chunk) <= _MAX_JSON_BYTES:
            self._data += chunk

    def read(self) -> Reading:
        try:
            message = _message_decoder.decode(self._data)
        except (msgspec.DecodeError, msgspec.ValidationError):
            message = _Message()
        counts = _counts(message.usage)
        counts.setdefault("input_tokens", math.ceil(self._request_bytes / _BYTES_PER_TOKEN))
        return Reading(usage=Tokens(**counts), message_id=message.id)


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
