"""Open notebooks under real-time collaboration, through jupyter-collaboration's server extension when there is one."""

from __future__ import annotations

from typing import Any

from jupyter_server.serverapp import ServerApp

from jupyter_agent_host.protocol.events import Json

METADATA_KEY = "agent_host"
_EXTENSION = "jupyter_server_ydoc"


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
        """The shared document of that notebook's room, a `jupyter_ydoc.YNotebook`; None when no room is open."""
        for extension in self._server.extension_manager.extension_apps.get(_EXTENSION, ()):
            if not extension.disable_rtc:
                return await extension.get_document(
                    path=api_path, content_type="notebook", file_format="json", copy=False
                )
        return None


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
