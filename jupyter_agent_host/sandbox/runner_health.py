"""The first question on any stream to a runner, `GET /healthz`: is it there, and does it speak our protocol?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import h11
import msgspec
from anyio.abc import ByteStream

from jupyter_agent_host.errors import (
    AuthenticationError,
    ProtocolError,
    SandboxError,
    SandboxGoneError,
    SandboxStartError,
    VersionMismatchError,
)
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.protocol.runner_http import HEALTHZ, Health

_MAX_HEALTH_BYTES = 1024 * 1024
_POLL_SECONDS = 0.01  # a person waits, and asking a socket that is not there yet costs next to nothing


async def fetch_health(stream: ByteStream, token: str, *, timeout_seconds: float = 10) -> Health:
    """Ask the runner how it is, on a stream that is closed afterwards in every case.

    Raises:
        AuthenticationError: it does not accept this token.
        VersionMismatchError: it speaks another protocol version.
        ProtocolError: its answer is no `Health`.
        SandboxGoneError: the stream ended before the answer.
        TimeoutError: no whole answer in time.
    """
    try:
        with anyio.fail_after(timeout_seconds):
            status, body = await _get(stream, HEALTHZ, token)
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError) as err:
        raise SandboxGoneError("The sandbox closed the connection before it said how it is.") from err
    except h11.RemoteProtocolError as err:
        raise ProtocolError(f"The sandbox does not speak HTTP: {err}") from err
    finally:
        await anyio.aclose_forcefully(stream)
    return _read_health(status, body)


async def wait_healthy(
    connect: Callable[[], Awaitable[ByteStream]],
    token: str,
    ended: Callable[[], Awaitable[SandboxError | None]],
    *,
    timeout_seconds: float = 60,
) -> Health:
    """Ask until the runner answers, while `ended` says that the sandbox lives.

    Raises:
        SandboxStartError: no answer in time.
        SandboxError: what `ended` gave as the reason, once the sandbox is over.
        AuthenticationError, VersionMismatchError, ProtocolError: as `fetch_health`.
    """
    with anyio.move_on_after(timeout_seconds):
        while True:
            try:
                return await fetch_health(await connect(), token)
            except (SandboxGoneError, TimeoutError):
                error = await ended()
            if error is not None:
                raise error
            await anyio.sleep(_POLL_SECONDS)
    raise SandboxStartError(f"The sandbox did not answer within {timeout_seconds:g} seconds.")


async def _get(stream: ByteStream, path: str, token: str) -> tuple[int, bytes]:
    connection = h11.Connection(h11.CLIENT)
    headers = [("Host", "runner"), ("Authorization", f"Bearer {token}"), ("Connection", "close")]
    request = connection.send(h11.Request(method="GET", target=path, headers=headers)) or b""
    await stream.send(request + (connection.send(h11.EndOfMessage()) or b""))
    status, body = 0, bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            try:
                data = await stream.receive()
            except anyio.EndOfStream:
                if not status:
                    raise
                data = b""
            connection.receive_data(data)
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MAX_HEALTH_BYTES:
                raise ProtocolError("The sandbox says too much about its health.")
        elif isinstance(event, h11.EndOfMessage):
            return status, bytes(body)


def _read_health(status: int, body: bytes) -> Health:
    if status in (401, 403):
        raise AuthenticationError("The sandbox does not accept this host's token.")
    if status != 200:  # noqa: PLR2004 - HTTP's own number
        raise ProtocolError(f"The sandbox answered /healthz with HTTP {status}.")
    try:
        spoken = msgspec.json.decode(body, type=_Spoken).protocol
        if spoken != PROTOCOL_VERSION:
            raise VersionMismatchError(f"The sandbox speaks protocol {spoken}, this host speaks {PROTOCOL_VERSION}.")
        return msgspec.json.decode(body, type=Health)
    except msgspec.MsgspecError as err:
        raise ProtocolError(f"The sandbox's health cannot be read: {err}") from err


class _Spoken(msgspec.Struct):
    """The one field of `Health` that every version keeps."""

    protocol: int
