"""Follows what the contents manager does to notebooks' paths."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import anyio
from jupyter_events import EventLogger

from jupyter_agent_host.host.manager import Manager
from jupyter_agent_host.server.documents import Documents
from jupyter_agent_host.server.paths import NotebookPaths

_SCHEMA = "https://events.jupyter.org/jupyter_server/contents_service/v1"
logger = logging.getLogger(__name__)


class Renames:
    """Tells documents and host of renamed and deleted notebooks and folders, in the order in which it happened."""

    def __init__(self, paths: NotebookPaths, documents: Documents) -> None:
        self._paths = paths
        self._documents = documents
        self._send, self._receive = anyio.create_memory_object_stream[tuple[str, str]](1000)

    def listen(self, events: EventLogger) -> None:
        """Begin to hear the contents manager's events."""
        events.add_listener(schema_id=_SCHEMA, listener=self._hear)

    async def _hear(self, logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002 - Jupyter's
        path = self._paths.absolute(data["path"])
        if data["action"] == "delete":
            self._documents.forget(path)
        elif data["action"] == "rename":
            await self._send.send((self._paths.absolute(data["source_path"]), path))

    async def follow(self, manager: Manager) -> None:
        """Carry renames out, until cancelled."""
        async for old, new in self._receive:
            for notebook in await manager.list():
                if Path(notebook.path).is_relative_to(old):
                    moved = str(Path(new) / Path(notebook.path).relative_to(old))
                    self._documents.move(notebook.path, moved)
                    await manager.rename(notebook.path, moved)
