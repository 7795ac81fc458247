"""The saved session in the notebook's file: read when an agent is asked for, written whenever the notebook is saved.

The server never writes an open `.ipynb` itself: a live document is edited where there is one, every save is completed
on its way, and other pages are told by an event. After a save the file is read back: where the notebook's format does
not hold the session, it is written beside the notebook (`store.sidecar`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import anyio
from tornado.web import HTTPError

from jupyter_agent_host.protocol.events import Json
from jupyter_agent_host.server.documents.live_documents import LiveDocuments
from jupyter_agent_host.server.documents.notebook_contents import NotebookContents, Stored
from jupyter_agent_host.server.documents.save_interception import take_part_in_saves
from jupyter_agent_host.store.envelope.strip_notebook import METADATA_KEY
from jupyter_agent_host.store.sidecar import sidecar_path

logger = logging.getLogger(__name__)


class Envelopes(Protocol):
    """What the documents need of the manager."""

    def envelope(self, notebook_id: str) -> dict[str, Any] | None:
        """The prepared `metadata.agent_host`; None while there is nothing that may be written."""

    def stripped(self, notebook_id: str) -> bool:
        """Whether a person took the session out of this notebook, so that nothing may put it back."""


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

    def __init__(self, contents: NotebookContents, live: LiveDocuments, announce: Callable[[str, str], None]) -> None:
        """`announce(notebook_id, api_path)` tells pages without RTC that a new envelope can be fetched."""
        self._contents = contents
        self._paths = contents.paths
        self._live = live
        self._announce = announce
        self._envelopes: Envelopes | None = None
        self._known: dict[str, _Known] = {}
        self._pending: dict[str, str] = {}
        self._unverified: set[str] = set()
        self._unsaved: dict[str, str] = {}
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
        if old_path in self._known:
            self._known[new_path] = self._known.pop(old_path)

    async def saved(self, absolute_path: str) -> Json:
        """`metadata.agent_host` as the notebook has it now: from the live document, else from what is saved.

        None: nothing. Whatever is found is returned as it is; the store judges it.
        """
        is_live, value = await self._live.read(self._paths.api(absolute_path))
        if not is_live:
            return (await self._contents.saved(absolute_path, in_thread=True)).value
        return value if value is not None else await self._contents.sidecar(absolute_path)

    async def verified(self, absolute_path: str, notebook_id: str) -> tuple[Stored, str]:
        """What is saved of this notebook's session, read back now, and why it is not where it belongs ("": it is)."""
        stored = await self._contents.saved(absolute_path, in_thread=True)
        return (stored if _id_in(stored.value) == notebook_id else Stored()), self._unsaved.get(absolute_path, "")

    def take_part_in_saves(self) -> None:
        """Make whichever contents manager is in use complete its saves here. Cheap, so it is called often."""
        for manager in self._contents.managers():
            try:
                take_part_in_saves(manager, self)
            except (AttributeError, TypeError):
                logger.exception("%s lets nobody take part in its saves", type(manager).__name__)

    async def complete_save(self, model: dict[str, Any], path: str) -> None:
        """Before a save: put the prepared envelope into what is being saved.

        Idempotent, and cheap: it runs on the event loop, with RTC about a second after every edit.
        """
        try:
            metadata = model["content"]["metadata"] if model.get("type") == "notebook" else None
        except (KeyError, TypeError):
            return
        if not isinstance(metadata, dict):
            return
        absolute_path = self._paths.absolute(path)
        if self._envelopes is None:
            await self._keep(metadata, absolute_path)
            return
        known = self._known.get(absolute_path)
        if known is None:
            return
        if not await self._contents.exists(absolute_path):
            # The notebook that was here is gone; a new one of the same name must not inherit its conversation.
            self.forget(absolute_path)
            return
        if self._envelopes.stripped(known.notebook_id):
            if known.may_replace(metadata.get(METADATA_KEY)):
                metadata.pop(METADATA_KEY, None)
            return
        envelope: Json = self._envelopes.envelope(known.notebook_id)
        if envelope is None and METADATA_KEY not in metadata:
            # A page from before a restart, say: a save may not lose what the file has.
            envelope = (await self._contents.saved(absolute_path)).value
        if envelope is not None and known.may_replace(metadata.get(METADATA_KEY)):
            metadata[METADATA_KEY] = envelope

    async def _keep(self, metadata: dict[str, Any], absolute_path: str) -> None:
        """A save by a page that knows nothing of agents may not lose what the file has, though no host can write it."""
        if METADATA_KEY not in metadata and (stored := await self._contents.saved(absolute_path)).value is not None:
            metadata[METADATA_KEY] = stored.value

    def after_save(self, path: str) -> None:
        """After a save: read back soon what is in the file."""
        absolute_path = self._paths.absolute(path)
        if self._envelopes is not None and absolute_path in self._known:
            self._unverified.add(absolute_path)
            self._wake.set()

    def prepared(self, notebook_id: str, absolute_path: str, _envelope: dict[str, Any]) -> None:
        """A new envelope is ready (the end of a turn): publish it soon. Only the last one of a notebook matters."""
        self.take_part_in_saves()
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
            await self.verify()

    async def verify(self) -> None:
        """Read back what was saved since the last time, and write the sidecars that are needed."""
        self.take_part_in_saves()
        unverified, self._unverified = self._unverified, set()
        for absolute_path in unverified:
            try:
                await self._verify(absolute_path)
                self._unsaved.pop(absolute_path, None)
            except (OSError, HTTPError) as err:
                logger.warning("the session of %s could not be saved beside it: %s", absolute_path, err)
                self._unsaved[absolute_path] = f"The session could not be saved beside the notebook: {err}."

    async def _verify(self, absolute_path: str) -> None:
        known = self._known.get(absolute_path)
        if known is None or self._envelopes is None:
            return
        self._contents.forget(absolute_path)
        stored = await self._contents.saved(absolute_path, in_thread=True)
        beside = await self._contents.sidecar(absolute_path)
        in_notebook = stored.place != sidecar_path(self._paths.api(absolute_path)) and stored.value is not None
        if beside is not None and not known.may_replace(beside):
            return
        envelope = self._envelopes.envelope(known.notebook_id)
        if in_notebook or self._envelopes.stripped(known.notebook_id):
            if beside is not None:
                await self._contents.remove_sidecar(absolute_path)
        elif envelope is not None and beside != envelope:
            await self._contents.write_sidecar(absolute_path, envelope)

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
