"""A bounded pipe between the upstream and the client that joins what is there already."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio

from jupyter_agent_host.host.gateway.gateway_limits import KIB
from jupyter_agent_host.host.gateway.model.model_client import UpstreamBrokeError

_MOST_BYTES = 64 * KIB


class Pipe:
    """One task fills it, another takes everything that has come since it last looked.

    A delta that comes alone passes alone and at once; a burst costs one write instead of hundreds. A full pipe makes
    the upstream wait.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._changed = anyio.Event()
        self._ended = False
        self._error: UpstreamBrokeError | None = None

    async def fill(self, chunks: AsyncGenerator[bytes, None]) -> None:
        """Read `chunks` to their end, and close them. What breaks them is raised by `take`."""
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    self._data += chunk
                    self._changed.set()
                    while len(self._data) >= _MOST_BYTES:
                        await self._wait()
        except UpstreamBrokeError as err:
            self._error = err
        finally:
            self._ended = True
            self._changed.set()

    async def take(self) -> bytes:
        """All bytes since the last call, waiting for some; empty at the end.

        Raises:
            UpstreamBrokeError: the upstream's answer broke off; every byte before that was given.
        """
        while not self._data and not self._ended:
            await self._wait()
        data = bytes(self._data)
        self._data.clear()
        self._changed.set()
        if not data and self._error is not None:
            raise self._error
        return data

    async def _wait(self) -> None:
        if self._changed.is_set():
            self._changed = anyio.Event()
        await self._changed.wait()
