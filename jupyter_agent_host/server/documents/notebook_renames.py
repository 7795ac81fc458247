"""Follows what the contents manager does to notebooks' paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
from jupyter_events import EventLogger

from jupyter_agent_host.server.documents.notebook_paths import NotebookPaths
from jupyter_agent_host.server.documents.saved_sessions import Documents
from jupyter_agent_host.server.host_task import HostTask

_SCHEMA = "https://events.jupyter.org/jupyter_server/contents_service/v1"


class Renames:
    """Tells documents and host of renamed and deleted notebooks and folders, in the order in which it happened."""

    def __init__(self, paths: NotebookPaths, documents: Documents, host: HostTask) -> None:
        self._paths = paths
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
            self._documents.forget(path)
        elif data["action"] == "rename" and path:
            async with self._lock:
                await self._rename(self._paths.absolute(data["source_path"]), path)

    async def _rename(self, old: str, new: str) -> None:
        for path in self._documents.at_or_below(old):
            moved = str(Path(new) / Path(path).relative_to(old))
            self._documents.move(path, moved)
            if self._host.running is not None:
                await self._host.running.rename(path, moved)
