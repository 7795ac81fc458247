"""Notebooks' saved sessions, through whichever contents manager the server has at the moment.

Another extension may replace the contents manager at any time (jupytext does, when it loads), so it is looked up for
each use. Where it keeps notebooks as files on this machine they are read directly, which is faster; any other is asked.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import isawaitable
from pathlib import Path
from typing import Any

import anyio.to_thread
import msgspec
from jupyter_server.services.contents.fileio import FileManagerMixin
from tornado.web import HTTPError

from jupyter_agent_host.protocol.events import Json
from jupyter_agent_host.server.documents.notebook_file import read_notebook_file
from jupyter_agent_host.server.documents.notebook_paths import NotebookPaths
from jupyter_agent_host.store.envelope.strip_notebook import METADATA_KEY
from jupyter_agent_host.store.sidecar import (
    move_file,
    parse_sidecar,
    remove_file,
    replace_sidecar,
    sidecar_content,
    sidecar_path,
)

_NOTEBOOK = ".ipynb"

logger = logging.getLogger(__name__)


class _Metadata(msgspec.Struct):
    agent_host: Json = None


class _Notebook(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


@dataclass(frozen=True)
class Stored:
    """A session as it is saved: what is there, unjudged (None: nothing), and in which file, relative to the root."""

    value: Json = None
    place: str = ""


_NOTHING = Stored()


class NotebookContents:
    """Reads what is saved of a notebook, and writes its sidecar.

    With a contents manager whose methods are synchronous nothing in here suspends: see `save_interception.run_at_once`.
    """

    def __init__(self, server: Any) -> None:
        """`server`: the `ServerApp`, or whatever has its `contents_manager`, `root_dir` and `web_app`."""
        self._server = server
        self.paths = NotebookPaths(self.root)
        self._read: dict[str, tuple[object, Stored]] = {}

    @property
    def manager(self) -> Any:
        """The contents manager that the server's handlers use now."""
        web_app = getattr(self._server, "web_app", None)
        return web_app.settings["contents_manager"] if web_app is not None else self._server.contents_manager

    def managers(self) -> list[Any]:
        """Each contents manager that somebody in the server may use now."""
        found = [self.manager, self._server.contents_manager]
        return found[:1] if found[0] is found[1] else found

    def root(self) -> str:
        """The folder that paths are relative to. Where notebooks are not files here, kernels still start below it."""
        manager = self.manager
        return str(manager.root_dir if self.on_disk else self._server.root_dir)

    @property
    def on_disk(self) -> bool:
        """Whether notebooks are files of this machine, at their absolute path."""
        return isinstance(self.manager, FileManagerMixin)

    async def exists(self, absolute_path: str) -> bool:
        """Whether there is a notebook at this path."""
        if self.on_disk:
            return _is_there(absolute_path)
        return bool(await _result(self.manager.file_exists(self.paths.api(absolute_path))))

    async def is_another(self, absolute_path: str, opened: str) -> bool:
        """Whether another notebook than the one at `opened` is at this path. Both files of a pair are one notebook."""
        if absolute_path != opened and self.paths.api(absolute_path) in await self._pair(self.paths.api(opened)):
            return False
        return await self.exists(absolute_path)

    async def _pair(self, api_path: str) -> list[str]:
        """The files that jupytext keeps as one notebook with this one, itself included, once it was asked for."""
        paired = getattr(self.manager, "paired_notebooks", None)
        if not isinstance(paired, Mapping):
            return []
        if api_path not in paired:
            await self._metadata(api_path)
        return _pair_of(paired, api_path)

    async def saved(self, absolute_path: str, *, in_thread: bool = False) -> Stored:
        """The session that is saved with the notebook: in it, else in its sidecar. Whatever is found is unjudged.

        `in_thread`: read files in a thread, which suspends.
        """
        version = await self._version(absolute_path)
        known = self._read.get(absolute_path)
        if known is not None and version is not None and known[0] == version:
            return known[1]
        stored = await self._look(absolute_path, in_thread=in_thread)
        # Once more: reading a pair is what tells that it is one.
        self._read[absolute_path] = (await self._version(absolute_path), stored)
        return stored

    def forget(self, absolute_path: str) -> None:
        """Read this notebook again when it is asked for."""
        self._read.pop(absolute_path, None)

    async def _look(self, absolute_path: str, *, in_thread: bool) -> Stored:
        api_path = self.paths.api(absolute_path)
        value: Json
        if self.on_disk and absolute_path.endswith(_NOTEBOOK):
            read = anyio.to_thread.run_sync(_in_file, absolute_path) if in_thread else _in_file(absolute_path)
            value, place = await _result(read), api_path
        elif self.on_disk and not _is_there(absolute_path, regular=True):
            return _NOTHING  # not there, or a pipe or device, which a contents manager would read without end
        else:
            value = (await self._metadata(api_path)).get(METADATA_KEY)
            pair = _pair_of(getattr(self.manager, "paired_notebooks", {}), api_path)
            place = next((path for path in pair if path.endswith(_NOTEBOOK)), api_path)
        if value is not None:
            return Stored(value, place)
        beside = await self.sidecar(absolute_path)
        return _NOTHING if beside is None else Stored(beside, sidecar_path(api_path))

    async def _metadata(self, api_path: str) -> dict[str, Any]:
        """The notebook's metadata as the contents manager reads it; {} where it is not there, or no notebook."""
        try:
            model = await _result(self.manager.get(api_path, content=True, type="notebook"))
            metadata = json.loads(json.dumps(model["content"]["metadata"]))
        except (HTTPError, OSError, KeyError, TypeError, ValueError, RecursionError):
            return {}
        return metadata if isinstance(metadata, dict) else {}

    async def sidecar(self, absolute_path: str) -> Json:
        """What the notebook's sidecar holds, unjudged; None for nothing."""
        beside = sidecar_path(absolute_path)
        if self.on_disk:
            try:
                found = read_notebook_file(beside)
            except OSError:
                return None
            return parse_sidecar(found[1]) if found else None
        try:
            path = self.paths.api(beside)
            if not await _result(self.manager.file_exists(path)):
                return None
            model = await _result(self.manager.get(path, content=True, type="file", format="text"))
            return parse_sidecar(str(model["content"]).encode())
        except (HTTPError, OSError, KeyError, TypeError):
            return None

    async def write_sidecar(self, absolute_path: str, envelope: dict[str, Any]) -> None:
        """Write the notebook's sidecar.

        Raises:
            OSError, HTTPError: it cannot be written.
        """
        if self.on_disk:
            replace_sidecar(absolute_path, envelope)
        else:
            model = {"type": "file", "format": "text", "content": sidecar_content(envelope).decode()}
            await _result(self.manager.save(model, self.paths.api(sidecar_path(absolute_path))))
        self.forget(absolute_path)

    async def remove_sidecar(self, absolute_path: str) -> None:
        """Take the notebook's sidecar away, if there is one.

        Raises:
            OSError, HTTPError: it cannot be removed.
        """
        beside = sidecar_path(absolute_path)
        if self.on_disk:
            remove_file(beside)
        elif await _result(self.manager.file_exists(self.paths.api(beside))):
            await _result(self.manager.delete_file(self.paths.api(beside)))
        self.forget(absolute_path)

    async def move_sidecar(self, old_path: str, new_path: str) -> None:
        """The notebook moved; its sidecar goes along, and takes the place of none that is there.

        Raises:
            OSError, HTTPError: it cannot be moved.
        """
        old, new = sidecar_path(old_path), sidecar_path(new_path)
        if self.on_disk:
            move_file(old, new)
        elif await _result(self.manager.file_exists(self.paths.api(old))):
            await _result(self.manager.rename_file(self.paths.api(old), self.paths.api(new)))

    async def _version(self, absolute_path: str) -> object | None:
        """What changes when the saved session may have changed; None where that cannot be told cheaply."""
        api_path = self.paths.api(absolute_path)
        if self.on_disk:
            pair = _pair_of(getattr(self.manager, "paired_notebooks", {}), api_path)
            files = {absolute_path, sidecar_path(absolute_path), *(self.paths.absolute(path) for path in pair)}
            return tuple((path, *_stamp(path)) for path in sorted(files))
        try:
            if not await _result(self.manager.file_exists(api_path)):
                return None
            stamps = [(await _result(self.manager.get(api_path, content=False)))["last_modified"]]
            beside = sidecar_path(api_path)
            if await _result(self.manager.file_exists(beside)):
                stamps.append((await _result(self.manager.get(beside, content=False)))["last_modified"])
        except (HTTPError, OSError, KeyError, TypeError):
            return None
        return tuple(stamps)


async def _result(value: Any) -> Any:
    return await value if isawaitable(value) else value


def _pair_of(paired: Any, api_path: str) -> list[str]:
    entry = paired.get(api_path) if isinstance(paired, Mapping) else None
    if not entry:
        return []
    from jupytext.paired_paths import paired_paths  # noqa: PLC0415 - only its own contents manager has such entries

    return [path for path, _format in paired_paths(api_path, *entry)]


def _stamp(path: str) -> tuple[int, ...]:
    try:
        found = Path(path).stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _in_file(absolute_path: str) -> Json:
    try:
        found = read_notebook_file(absolute_path)
        return msgspec.json.decode(found[1], type=_Notebook).metadata.agent_host if found else None
    except (OSError, msgspec.DecodeError, RecursionError):
        # Not there, or no notebook in JSON: then it holds no session either.
        return None


def _is_there(path: str, *, regular: bool = False) -> bool:
    return Path(path).is_file() if regular else Path(path).exists()
