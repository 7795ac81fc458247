"""Open notebooks under real-time collaboration, through jupyter-collaboration's server extension when there is one."""

from __future__ import annotations

from typing import Any

import anyio
from jupyter_server.serverapp import ServerApp

from jupyter_agent_host.protocol.events import Json

METADATA_KEY = "agent_host"
_EXTENSION = "jupyter_server_ydoc"
_LOADING_SECONDS = 10.0


class LiveDocuments:
    """Reads and edits `metadata.agent_host` of notebooks that somebody has open with RTC.

    All methods run on the server's event loop, where the shared documents live.
    """

    def __init__(self, server: ServerApp) -> None:
        self._server = server

    async def read(self, api_path: str) -> tuple[bool, Json]:
        """Whether a room is open for the notebook, and what it holds under our key (None: nothing)."""
        document = await self.document(api_path)
        if document is None:
            return False, None
        return True, plain(_metadata(document).get(METADATA_KEY))

    async def write(self, api_path: str, envelope: dict[str, Any] | None) -> bool:
        """Put the envelope into the open document, or take it out (None); False when no room is open.

        The same value again edits nothing.
        """
        document = await self.document(api_path)
        if document is None:
            return False
        metadata = _metadata(document)
        if plain(metadata.get(METADATA_KEY)) != envelope:
            if envelope is None:
                del metadata[METADATA_KEY]
            else:
                metadata[METADATA_KEY] = envelope
        return True

    async def document(self, api_path: str) -> Any:
        """The shared document of that notebook's room, a `jupyter_ydoc.YNotebook`; None when no room is open.

        A room is there before its document is loaded, and then it is empty: it is waited for. One that nobody loads
        (it was asked for and left) counts as not open.
        """
        for extension in self._server.extension_manager.extension_apps.get(_EXTENSION, ()):
            if not extension.disable_rtc:
                document = await extension.get_document(
                    path=api_path, content_type="notebook", file_format="json", copy=False
                )
                return document if document is None or await _loaded(extension, document) else None
        return None


async def _loaded(extension: Any, document: Any) -> bool:
    """Wait until the document's room is ready; False when it does not become so."""
    rooms = extension.ywebsocket_server.rooms.values()
    room = next((room for room in rooms if room.ydoc is document.ydoc), None)
    if room is None:
        return False  # closed in this moment
    with anyio.move_on_after(_LOADING_SECONDS):
        await room.ready_event.wait()
    return bool(room.ready)


def _metadata(document: Any) -> Any:
    """The notebook's metadata as the shared map. YNotebook has no public way to edit one key of it."""
    return document._ymeta["metadata"]  # noqa: SLF001 - see above; tests/server/test_live_documents.py watches it


def plain(value: Json) -> Json:
    """JSON with whole numbers as integers: the shared document knows only floating point."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
