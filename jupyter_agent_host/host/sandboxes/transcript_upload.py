"""Send a stored transcript into a sandbox before its session is resumed: one chunked PUT over one byte stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import anyio
import h11
import msgspec
from anyio.abc import ByteStream

from jupyter_agent_host.errors import ProtocolError, SandboxGoneError
from jupyter_agent_host.protocol.runner_http import TRANSCRIPT, TranscriptLine

_CHUNK_BYTES = 256 * 1024
_TIMEOUT_SECONDS = 120


async def put_transcript(
    stream: ByteStream, token: str, session_id: str, transcript: Sequence[tuple[str, bytes]]
) -> None:
    """Upload `(subpath, entry as JSON)` pairs in order, then close the stream.

    Raises:
        ProtocolError: the runner refused it.
        SandboxGoneError: the connection broke.
        TimeoutError: not done within two minutes.
    """
    connection = h11.Connection(h11.CLIENT)
    request = h11.Request(
        method="PUT",
        target=TRANSCRIPT.format(session_id=session_id),
        headers=[
            ("Host", "runner"),
            ("Authorization", f"Bearer {token}"),
            ("Content-Type", "application/jsonl"),
            ("Transfer-Encoding", "chunked"),
        ],
    )
    try:
        with anyio.fail_after(_TIMEOUT_SECONDS):
            await _send(stream, connection.send(request))
            for chunk in _chunks(transcript):
                await _send(stream, connection.send(h11.Data(data=chunk)))
            await _send(stream, connection.send(h11.EndOfMessage()))
            status = await _status(stream, connection)
    except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError) as err:
        raise SandboxGoneError("The sandbox closed the connection while it was sent the conversation.") from err
    finally:
        await anyio.aclose_forcefully(stream)
    if status >= 300:  # noqa: PLR2004 - RFC 9110: 2xx is success
        raise ProtocolError(f"The sandbox refused the stored conversation (HTTP {status}).")


async def _send(stream: ByteStream, data: bytes | None) -> None:
    if data:
        await stream.send(data)


async def _status(stream: ByteStream, connection: h11.Connection) -> int:
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive())
        elif isinstance(event, h11.Response):
            return int(event.status_code)
        elif isinstance(event, (h11.ConnectionClosed, h11.EndOfMessage)):
            raise ProtocolError("The sandbox gave no answer to the stored conversation.")


def _chunks(transcript: Sequence[tuple[str, bytes]]) -> Iterator[bytes]:
    buffer = bytearray()
    for subpath, entry in transcript:
        buffer += msgspec.json.encode(TranscriptLine(subpath=subpath, entry=msgspec.Raw(entry))) + b"\n"
        if len(buffer) >= _CHUNK_BYTES:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)
