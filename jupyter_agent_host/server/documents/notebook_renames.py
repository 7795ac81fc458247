"""Follows what the contents manager does to notebooks' paths."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import anyio
from jupyter_events import EventLogger
from tornado.web import HTTPError

from jupyter_agent_host.server.documents.notebook_contents import NotebookContents
from jupyter_agent_host.server.documents.saved_sessions import Documents
from jupyter_agent_host.server.host_task import HostTask

logger = logging.getLogger(__name__)

_SCHEMA = "https://events.jupyter.org/jupyter_server/contents_service/v1"


class Renames:
    """Tells documents and host of renamed and deleted notebooks and folders, in the order in which it happened."""

    def __init__(self, contents: NotebookContents, documents: Documents, host: HostTask) -> None:
        self._contents = contents
        self._paths = contents.paths
        self._documents = documents
        self._host = host
        self._lock = anyio.Lock()

    def listen(self, events: EventLogger) -> None:
        """Begin to hear the contents manager's events."""
        events.add_listener(schema_id=_SCHEMA, listener=self._hear)

    async def settled(self) -> None:
        """Wait until every rename that was heard of is carried out."""
        async with self._lock:
            return

    async def _hear(self, logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002 - Jupyter's
        path = self._paths.absolute(data["path"])
        if data["action"] == "delete" and path:
            if self._documents.at_or_below(path) == [path]:
                await self._with_notebook(self._contents.remove_sidecar(path))
            self._documents.forget(path)
        elif data["action"] == "rename" and path:
            async with self._lock:
                await self._rename(self._paths.absolute(data["source_path"]), path)

    async def _rename(self, old: str, new: str) -> None:
        for path in self._documents.at_or_below(old):
            moved = str(Path(new) / Path(path).relative_to(old))
            await self._with_notebook(self._contents.move_sidecar(path, moved))
            self._documents.move(path, moved)
            if self._host.running is not None:
                await self._host.running.rename(path, moved)

    @staticmethod
    async def _with_notebook(work: Awaitable[None]) -> None:
        try:
            await work
        except (OSError, HTTPError) as err:
            logger.warning("a notebook's saved session did not go along with it: %s", err)
