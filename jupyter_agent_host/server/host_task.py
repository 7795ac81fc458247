"""The one task in which a server's host lives, from the server's start to its stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.api.manager import Manager

_STOP_SECONDS = 20.0
logger = logging.getLogger(__name__)


class HostTask:
    """Runs a host in a task that this object owns: `start` makes it, `stop` ends it and waits for it.

    Jupyter gives an extension a start and a stop hook but no scope around its life; this is that scope.

    Attributes:
        running: the manager while the host is open, else None.
    """

    def __init__(
        self,
        opener: Callable[[], AbstractAsyncContextManager[Manager]],
        prepare: Callable[[Manager], Coroutine[Any, Any, None]],
        while_open: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Nobody gets the manager before `prepare` is done with it; `while_open` runs until the host closes."""
        self.running: Manager | None = None
        self._opener = opener
        self._prepare = prepare
        self._while_open = while_open
        self._task: asyncio.Task[None] | None = None
        self._opened = anyio.Event()
        self._stopping = anyio.Event()
        self._failure: AgentHostError | None = None

    def start(self) -> None:
        """Begin to open the host. Returns at once; `manager` waits for it."""
        self._task = asyncio.create_task(self._serve(), name="jupyter-agent-host")
        self._task.add_done_callback(_report)

    async def manager(self) -> Manager:
        """The manager, as soon as the host is open.

        Raises:
            AgentHostError: the host could not be opened, or has stopped.
        """
        await self._opened.wait()
        if self.running is None:
            raise self._failure or AgentHostError(
                "The agent host of this Jupyter server has stopped; the server's log says why. Restart the server."
            )
        return self.running

    async def stop(self) -> None:
        """Close the host and wait for it, but not for ever. Idempotent."""
        task, self._task = self._task, None
        if task is None:
            return
        self._stopping.set()
        if not self._opened.is_set():
            task.cancel()
        done, _ = await asyncio.wait({task}, timeout=_STOP_SECONDS)
        if not done:
            logger.warning("The agent host did not stop within %g s; what it left is reaped later.", _STOP_SECONDS)
            task.cancel()

    async def _serve(self) -> None:
        try:
            async with self._opener() as manager, anyio.create_task_group() as group:
                await self._prepare(manager)
                group.start_soon(self._while_open)
                self.running = manager
                self._opened.set()
                await self._stopping.wait()
                self.running = None
                group.cancel_scope.cancel()
        except AgentHostError as err:
            self._failure = err
            logger.error("The agent host cannot run: %s", err)  # noqa: TRY400 - a sentence for a person
        finally:
            self.running = None
            self._opened.set()


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.error("The agent host stopped because of a defect.", exc_info=error)
