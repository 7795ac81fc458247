"""The only way out of the sandbox: a loopback port whose connections the host carries, one by one.

A connection waits until the host dials in for it. While no host is there it is held, then answered with a 503. When the
control connection is lost, carried connections are cut at once: the CLI repeats its request and is held.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import uuid4

import anyio
from anyio.abc import Listener, SocketAttribute, SocketStream

from jupyter_agent_host.protocol.limits import CARRY_CHUNK_BYTES, MIB
from jupyter_agent_host.protocol.runner_http import WAY_OUT_PORT
from jupyter_agent_host.runner.translation.turn_end import HOST_AWAY

logger = logging.getLogger(__name__)

_READ_AHEAD_BYTES = MIB
_MAX_HELD = 256
_BODY = b'{"type":"error","error":{"type":"host_away","message":"' + HOST_AWAY.encode() + b'"}}'
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"x-should-retry: false\r\nContent-Length: " + str(len(_BODY)).encode() + b"\r\n\r\n" + _BODY
)
"""`x-should-retry` keeps the CLI from asking ten times more, each of which would be held as long again."""


class HostSide(Protocol):
    """The host's end of one carried connection."""

    async def receive(self) -> bytes:
        """Bytes from the host; b"" at its end."""

    async def send(self, data: bytes) -> None:
        """Bytes to the host. Raises `anyio.BrokenResourceError` when it is gone."""


class _Carry:
    def __init__(self, stream: SocketStream) -> None:
        self.carry_id = uuid4().hex
        self.stream = stream
        self.read_ahead = bytearray()
        self.host: HostSide | None = None
        self.dialled = anyio.Event()
        self.finished = anyio.Event()
        self.scope = anyio.CancelScope()


class WayOut:
    """`wanted` is called when a connection begins to wait; `connected` tells whether a host is there."""

    def __init__(self, hold_seconds: float, wanted: Callable[[], None], connected: Callable[[], bool]) -> None:
        self._hold_seconds = hold_seconds
        self._wanted = wanted
        self._connected = connected
        self._held: dict[str, _Carry] = {}
        self._carried: set[_Carry] = set()

    @property
    def waiting(self) -> tuple[str, ...]:
        """Carry ids that the host should dial, oldest first."""
        return tuple(self._held)

    async def serve(self, listener: Listener[SocketStream]) -> None:
        """Accept connections until cancelled."""
        await listener.serve(self._accept)

    async def attach(self, carry_id: str, host: HostSide) -> bool:
        """The host dialled in for a connection: splice the two to their end. False if it no longer waits."""
        carry = self._held.pop(carry_id, None)
        if carry is None:
            return False
        carry.host = host
        carry.dialled.set()
        await carry.finished.wait()
        return True

    def cut(self) -> None:
        """Close every carried connection; those that wait go on waiting."""
        for carry in self._carried:
            carry.scope.cancel()

    async def _accept(self, stream: SocketStream) -> None:
        carry = _Carry(stream)
        try:
            async with stream:
                await self._serve_one(carry)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as err:
            logger.debug("way out: %s", type(err).__name__)
        finally:
            self._held.pop(carry.carry_id, None)
            self._carried.discard(carry)
            carry.finished.set()

    async def _serve_one(self, carry: _Carry) -> None:
        if len(self._held) >= _MAX_HELD or not await self._hold(carry):
            await _refuse(carry.stream)
        elif carry.host is not None:
            self._carried.add(carry)
            with carry.scope:
                await _splice(carry, carry.host)

    async def _hold(self, carry: _Carry) -> bool:
        """Wait for the host. False when none came in time; True when it came, or the inside hung up."""
        self._held[carry.carry_id] = carry
        self._wanted()
        waited_out = False
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read_ahead, carry, tasks.cancel_scope)
            while not carry.dialled.is_set() and not waited_out:
                with anyio.move_on_after(self._hold_seconds):
                    await carry.dialled.wait()
                waited_out = not carry.dialled.is_set() and not self._connected()
            tasks.cancel_scope.cancel()
        self._held.pop(carry.carry_id, None)
        return not waited_out


async def open_listener(port: int = WAY_OUT_PORT) -> tuple[Listener[SocketStream], int]:
    """Listen on loopback, on a free port where the usual one is taken; the port that it became.

    No address family is named: with one, the resolver gives nothing where loopback is the only interface.
    """
    try:
        multi = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=port)
    except OSError:
        multi = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    listener = multi.listeners[0]
    return listener, int(listener.extra(SocketAttribute.local_port))  # noqa: S610 - no Django


async def _read_ahead(carry: _Carry, scope: anyio.CancelScope) -> None:
    """Keep the request while it is held, and notice when the inside hangs up."""
    while len(carry.read_ahead) < _READ_AHEAD_BYTES:
        try:
            carry.read_ahead += await carry.stream.receive(CARRY_CHUNK_BYTES)
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            scope.cancel()
            return


async def _splice(carry: _Carry, host: HostSide) -> None:
    """Copy both ways until either side ends."""

    async def inward() -> None:
        while data := await host.receive():
            await carry.stream.send(data)

    async def outward() -> None:
        for start in range(0, len(carry.read_ahead), CARRY_CHUNK_BYTES):
            await host.send(bytes(carry.read_ahead[start : start + CARRY_CHUNK_BYTES]))
        carry.read_ahead.clear()
        while True:
            await host.send(await carry.stream.receive(CARRY_CHUNK_BYTES))

    async def until_end(copy: Callable[[], Awaitable[None]], scope: anyio.CancelScope) -> None:
        try:
            await copy()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as err:
            logger.debug("carry %s: %s", carry.carry_id[:8], type(err).__name__)
        scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(until_end, inward, tasks.cancel_scope)
        tasks.start_soon(until_end, outward, tasks.cancel_scope)


async def _refuse(stream: SocketStream) -> None:
    """Answer and hang up; what the inside still sends is read for a second, or it would lose the answer."""
    await stream.send(_REFUSAL)
    await stream.send_eof()
    with anyio.move_on_after(1):
        try:
            while True:
                await stream.receive(CARRY_CHUNK_BYTES)
        except anyio.EndOfStream:
            return
