"""Whatever comes out of a sandbox is a frame or a clear error, and never anything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream
from fuzz_profile import looking
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from jupyter_agent_host.errors import AgentHostError, FrameTooLargeError, ProtocolError
from jupyter_agent_host.host.sandboxes.websocket_client import WebSocket
from jupyter_agent_host.protocol.control import decode_host_frame, decode_runner_frame, encode_frame
from jupyter_agent_host.protocol.events import read_event, read_record
from jupyter_agent_host.protocol.json_depth import MAX_DEPTH, is_deep

pytestmark = pytest.mark.timeout(600)

KINDS = [
    *("hello", "outbox", "reply", "carry_wanted", "workspace_sync", "host_tool_call", "host_tool_cancel", "status"),
    *("append", "turn_event", "text_delta", "tool_call", "turn_ended", "notice", "welcome", "prompt"),
]
NAMES = [
    *("kind", "number", "item", "session_id", "turn_id", "event", "entries", "subpath", "request_id", "ok", "result"),
    *(
        "protocol",
        "incarnation",
        "outbox_first",
        "outbox_last",
        "sessions",
        "messageId",
        "text",
        "carry_id",
        "arguments",
    ),
    *("runner_version", "sdk_version", "cli_version", "name", "tool_use_id", "error", "status", "costUsd"),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(KINDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
FRAMES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)


def read(data: bytes) -> None:
    """A frame or one of the two errors; what was read can be said again."""
    for decode in (decode_runner_frame, decode_host_frame):
        try:
            frame = decode(data)
        except (ProtocolError, FrameTooLargeError):
            continue
        assert decode(encode_frame(frame)) == frame


@looking
@given(st.binary(max_size=400))
@example(b"\xff\xfe")
@example(b"[" * 100_000)
@example(b'{"kind":"reply","request_id":"r","ok":true,"result":' + b"[" * 5_000 + b"]" * 5_000 + b"}")
def test_any_bytes(data: bytes) -> None:
    read(data)


@looking
@given(FRAMES, st.sampled_from(KINDS))
@example({"number": 2**70, "item": {}}, "outbox")
def test_any_frame(frame: dict[str, Any], kind: str) -> None:
    read(json.dumps({**frame, "kind": kind}).encode())


@looking
@given(FRAMES)
def test_any_record_of_the_journal(record: dict[str, Any]) -> None:
    for data in (json.dumps(record).encode(), json.dumps({**record, "kind": "tool_call"}).encode()):
        for reader in (read_record, read_event):
            try:
                reader(data)
            except ProtocolError:
                continue


@looking
@given(st.integers(0, 3 * MAX_DEPTH), st.sampled_from([lambda value: [value], lambda value: {"a": value, "b": 1}]))
def test_depth_is_counted(depth: int, wrap: Any) -> None:
    value: Any = 1
    for _ in range(depth):
        value = wrap(value)
    assert is_deep(value) == (depth > MAX_DEPTH)


@pytest.mark.parametrize("depth", [900, 5_000, 100_000])
def test_an_event_that_is_nested_too_deep_is_told(depth: int) -> None:
    """Found by these tests: it ended as a RecursionError where the stack was deep already."""
    data = b'{"kind": "tool_call", "toolUseId": "t", "name": "n", "input": ' + b"[" * depth + b"]" * depth + b"}"
    try:
        read_event(data)
    except ProtocolError:
        return


URI = parse_uri("ws://runner/control")


class Told(ByteStream):
    """A stream whose other side says these bytes, in pieces, and hangs up."""

    def __init__(self, data: bytes, piece: int) -> None:
        self._pieces = [data[start : start + piece] for start in range(0, len(data), piece)]
        self.sent = b""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        if not self._pieces:
            raise anyio.EndOfStream
        return self._pieces.pop(0)

    async def send(self, item: bytes) -> None:
        self.sent += item

    async def send_eof(self) -> None:
        return

    async def aclose(self) -> None:
        self._pieces.clear()


def open_socket(stream: Told) -> WebSocket:
    """A client's socket whose handshake is over."""
    protocol = ClientProtocol(URI, max_size=2_000)
    server = ServerProtocol()
    protocol.send_request(protocol.connect())
    server.receive_data(b"".join(protocol.data_to_send()))
    server.send_response(server.accept(server.events_received()[0]))  # type: ignore[arg-type]
    protocol.receive_data(b"".join(server.data_to_send()))
    protocol.events_received()
    return WebSocket(stream, protocol)


@looking
@given(st.binary(max_size=300), st.integers(1, 50))
@example(b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 1)
@example(b"\x01\x02ab" * 50 + b"\x89\x00", 7)
def test_any_websocket(data: bytes, piece: int) -> None:
    async def follow() -> None:
        stream = Told(data, piece)
        socket = open_socket(stream)
        size = 0
        try:
            while True:
                size += len(await socket.receive())
        except (anyio.EndOfStream, AgentHostError):
            assert size <= len(data)
        await socket.aclose()

    anyio.run(follow)


@looking
@given(st.binary(max_size=300))
@example(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")
def test_any_handshake(data: bytes) -> None:
    async def dial() -> None:
        with pytest.raises(AgentHostError):
            await WebSocket.dial(Told(data, 40), "/control", "token")

    anyio.run(dial)


@pytest.mark.full
def test_frames_under_atheris() -> None:
    """Guided by coverage, for a minute. Atheris (https://github.com/google/atheris) is in the extra `fuzz`."""
    pytest.importorskip("atheris", reason="install the extra `fuzz`")
    program = Path(__file__).with_name("atheris_frames.py")
    done = subprocess.run(
        [sys.executable, str(program), "-max_total_time=60", "-max_len=4096"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
