"""Bytes both ways between a sandbox and a server outside, each direction as fast as its reader."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import anyio.abc

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.gateway.egress.egress_refusal import EgressRefusal
from jupyter_agent_host.host.gateway.gateway_limits import KIB, GatewayLimits

_CHUNK_BYTES = 256 * KIB
_ENDED = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError, AgentHostError)


class Tunnel:
    """One spliced pair of connections. At most one chunk of each direction is held.

    Attributes:
        bytes_in: from outside; `bytes_out`: to outside.
        ended_by: name of the limit that ended it, "" if a side did.
    """

    def __init__(
        self,
        client: anyio.abc.ByteStream,
        server: anyio.abc.ByteStream,
        bounds: GatewayLimits,
        count: Callable[[int], None],
    ) -> None:
        self._client, self._server = client, server
        self._bounds = bounds
        self._count = count
        self._scope = anyio.CancelScope()
        self._half_closed = False
        self._moved = anyio.current_time()
        self.bytes_in = self.bytes_out = 0
        self.ended_by = ""

    async def run(self, ahead: bytes) -> None:
        """Copy until both sides have ended, or one broke, was silent too long, or moved too much.

        `ahead`: bytes that the client sent before it knew that the tunnel stands.
        """
        with self._scope:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch)
                group.start_soon(self._copy_in)
                await self._copy_out(ahead)

    async def _copy_out(self, ahead: bytes) -> None:
        if ahead and not await self._pass(ahead, self._server):
            return
        self.bytes_out += len(ahead)
        while data := await self._receive(self._client):
            if not await self._pass(data, self._server):
                return
            self.bytes_out += len(data)
        await self._end(self._server)

    async def _copy_in(self) -> None:
        while data := await self._receive(self._server):
            if not await self._pass(data, self._client):
                return
            self.bytes_in += len(data)
        await self._end(self._client)

    async def _receive(self, stream: anyio.abc.ByteStream) -> bytes:
        try:
            return await stream.receive(_CHUNK_BYTES)
        except anyio.EndOfStream:
            return b""
        except _ENDED:
            self._scope.cancel()
            return b""

    async def _pass(self, data: bytes, to: anyio.abc.ByteStream) -> bool:
        self._moved = anyio.current_time()
        try:
            self._count(len(data))
            with anyio.fail_after(self._bounds.write_seconds):
                await to.send(data)
        except EgressRefusal as refusal:
            self.ended_by = refusal.rule
        except _ENDED:
            pass
        else:
            return True
        self._scope.cancel()
        return False

    async def _end(self, stream: anyio.abc.ByteStream) -> None:
        """Hand a side's end on; when both have ended, all is over."""
        if self._half_closed:
            self._scope.cancel()
            return
        self._half_closed = True
        try:
            await stream.send_eof()
        except _ENDED:
            self._scope.cancel()

    async def _watch(self) -> None:
        """End a tunnel on which nothing moves: sooner when one side has ended."""
        while True:
            patience = self._bounds.half_closed_seconds if self._half_closed else self._bounds.tunnel_idle_seconds
            left = self._moved + patience - anyio.current_time()
            if left <= 0:
                self.ended_by = "idle"
                self._scope.cancel()
                return
            await anyio.sleep(min(left, self._bounds.half_closed_seconds))
