"""The saved session in the notebook's file: read when an agent is asked for, written whenever the notebook is saved.

The server never writes an open `.ipynb` itself: a live document is edited where there is one, every save is completed
by the hook, and other pages are told by an event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import anyio
import anyio.to_thread
import msgspec

from jupyter_agent_host.protocol.events import Json
from jupyter_agent_host.server.documents.live_documents import METADATA_KEY, LiveDocuments
from jupyter_agent_host.server.documents.notebook_file import read_notebook_file
from jupyter_agent_host.server.documents.notebook_paths import NotebookPaths

logger = logging.getLogger(__name__)


class Envelopes(Protocol):
    """What the documents need of the manager."""

    def envelope(self, notebook_id: str) -> dict[str, Any] | None:
        """The prepared `metadata.agent_host`; None while there is nothing that may be written."""

    def stripped(self, notebook_id: str) -> bool:
        """Whether a person took the session out of this notebook, so that nothing may put it back."""


class _Metadata(msgspec.Struct):
    agent_host: Json = None


class _Notebook(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


@dataclass(frozen=True)
class _Known:
    """The notebook at a path, and the ids in saved states there that the host has judged."""

    notebook_id: str
    judged: frozenset[str]

    def may_replace(self, saved: Json) -> bool:
        """False for state that no person was asked about yet. Garbage is the store's to keep aside."""
        return (_id_in(saved) or self.notebook_id) in self.judged


class Documents:
    """Knows which notebook is at which path, and keeps each file's envelope up to date."""

    def __init__(self, paths: NotebookPaths, live: LiveDocuments, announce: Callable[[str, str], None]) -> None:
        """`announce(notebook_id, api_path)` tells pages without RTC that a new envelope can be fetched."""
        self._paths = paths
        self._live = live
        self._announce = announce
        self._envelopes: Envelopes | None = None
        self._known: dict[str, _Known] = {}
        self._read: dict[str, tuple[tuple[int, int], Json]] = {}
        self._pending: dict[str, str] = {}
        self._wake = anyio.Event()

    def attach(self, envelopes: Envelopes) -> None:
        """From now on saves are completed with these envelopes."""
        self._envelopes = envelopes

    def detach(self) -> None:
        """The host is gone: saves keep what the file has, as they do before it is attached."""
        self._envelopes = None

    def remember(self, absolute_path: str, notebook_id: str, *, saved: Json = None) -> None:
        """This notebook is at this path; the host has judged the state `saved` there, whosever it was (a copy's)."""
        if not absolute_path:
            return
        known = self._known.get(absolute_path)
        judged = known.judged if known and known.notebook_id == notebook_id else frozenset({notebook_id})
        self._known[absolute_path] = _Known(notebook_id, judged | {_id_in(saved) or notebook_id})

    def forget(self, absolute_path: str) -> None:
        """Nothing known is at this path, nor below it, any more."""
        for path in self.at_or_below(absolute_path):
            del self._known[path]

    def at_or_below(self, absolute_path: str) -> list[str]:
        """Paths of known notebooks at this path, or below it when it is a folder."""
        return [path for path in self._known if Path(path).is_relative_to(absolute_path)]

    def move(self, old_path: str, new_path: str) -> None:
        """A known notebook was renamed."""
        self._read.pop(old_path, None)
        if old_path in self._known:
            self._known[new_path] = self._known.pop(old_path)

    async def saved(self, absolute_path: str) -> Json:
        """`metadata.agent_host` as the notebook has it now: from the live document, else from the file. None: nothing.

        Whatever is found is returned as it is; the store judges it.
        """
        is_live, value = await self._live.read(self._paths.api(absolute_path))
        if is_live:
            return value
        return await anyio.to_thread.run_sync(self._read_file, absolute_path)

    def _read_file(self, absolute_path: str) -> Json:
        known = self._read.get(absolute_path)
        try:
            found = read_notebook_file(absolute_path, unless=known[0] if known else None)
            if found is None:
                return known[1] if known else None
            version, content = found
            value = msgspec.json.decode(content, type=_Notebook).metadata.agent_host
        except (OSError, msgspec.DecodeError, RecursionError):
            # Not there, or no notebook in JSON: then it holds no session either.
            return None
        self._read[absolute_path] = (version, value)
        return value

    def complete_save(self, *, model: dict[str, Any], path: str, **_: Any) -> None:
        """Jupyter's pre-save hook: put the prepared envelope into what is being saved.

        Idempotent, and cheap: it runs on the event loop, with RTC about a second after every edit. It never raises,
        since that would be somebody's unsaved work.
        """
        try:
            metadata = model["content"]["metadata"] if model.get("type") == "notebook" else None
        except (KeyError, TypeError):
            return
        if not isinstance(metadata, dict):
            return
        absolute_path = self._paths.absolute(path)
        if self._envelopes is None:
            self._keep(metadata, absolute_path)
            return
        known = self._known.get(absolute_path)
        if known is None:
            return
        if not Path(absolute_path).exists():
            # The notebook that was here is gone; a new one of the same name must not inherit its conversation.
            self.forget(absolute_path)
            return
        if self._envelopes.stripped(known.notebook_id):
            if known.may_replace(metadata.get(METADATA_KEY)):
                metadata.pop(METADATA_KEY, None)
            return
        envelope = self._envelopes.envelope(known.notebook_id)
        if envelope is None and METADATA_KEY not in metadata:
            # A page from before a restart, say: a save may not lose what the file has.
            envelope = self._read_file(absolute_path)
        if envelope is not None and known.may_replace(metadata.get(METADATA_KEY)):
            metadata[METADATA_KEY] = envelope

    def _keep(self, metadata: dict[str, Any], absolute_path: str) -> None:
        """A save by a page that knows nothing of agents may not lose what the file has, though no host can write it."""
        on_disk = None if METADATA_KEY in metadata else self._read_file(absolute_path)
        if on_disk is not None:
            metadata[METADATA_KEY] = on_disk

    def prepared(self, notebook_id: str, absolute_path: str, _envelope: dict[str, Any]) -> None:
        """A new envelope is ready (the end of a turn): publish it soon. Only the last one of a notebook matters."""
        self.remember(absolute_path, notebook_id)
        self._pending[notebook_id] = absolute_path
        self._wake.set()

    async def publish_prepared(self) -> None:
        """Publish envelopes as they get ready, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            pending, self._pending = self._pending, {}
            for notebook_id, absolute_path in pending.items():
                await self._publish(notebook_id, absolute_path)

    async def _publish(self, notebook_id: str, absolute_path: str) -> None:
        if self._envelopes is None or not absolute_path:
            return
        envelope = self._envelopes.envelope(notebook_id)
        if envelope is None and not self._envelopes.stripped(notebook_id):
            return
        api_path = self._paths.api(absolute_path)
        is_live, value = await self._live.read(api_path)
        known = self._known.get(absolute_path)
        if not is_live:
            self._announce(notebook_id, api_path)
        elif known and known.notebook_id == notebook_id and known.may_replace(value):
            await self._live.write(api_path, envelope)


def _id_in(saved: Json) -> str:
    notebook_id = saved.get("notebook_id") if isinstance(saved, dict) else None
    return notebook_id if isinstance(notebook_id, str) else ""
