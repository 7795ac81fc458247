"""Contents managers of two kinds that are in use: one asks others by folder, one keeps objects elsewhere.

Neither runs Jupyter's save hooks, and neither has a notebook's file at the path that the server's root would give it.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from jupyter_server.services.contents.checkpoints import AsyncCheckpoints, Checkpoints
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from jupyter_server.services.contents.manager import AsyncContentsManager, ContentsManager
from nbformat import from_dict
from tornado.web import HTTPError


class NoCheckpoints(Checkpoints):
    def rename_all_checkpoints(self, old_path: str, new_path: str) -> None:
        """There are none."""

    def delete_all_checkpoints(self, path: str) -> None:
        """There are none."""


class AsyncNoCheckpoints(AsyncCheckpoints):
    async def rename_all_checkpoints(self, old_path: str, new_path: str) -> None:
        """There are none."""

    async def delete_all_checkpoints(self, path: str) -> None:
        """There are none."""


class HybridManager(ContentsManager):
    """Synchronous; the first part of a path names the manager that has the rest, as hybridcontents does it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.checkpoints_class = NoCheckpoints
        self._below = {"disk": LargeFileManager(root_dir=os.environ["ODD_MANAGERS_PLACE"])}

    def _split(self, path: str) -> tuple[Any, str]:
        name, _, rest = path.strip("/").partition("/")
        if name not in self._below:
            raise HTTPError(404, f"no such drive: {name}")
        return self._below[name], rest

    def _named(self, model: dict[str, Any], path: str) -> dict[str, Any]:
        return {**model, "path": path.strip("/")}

    def get(self, path: str, content: bool = True, **options: Any) -> Any:
        manager, rest = self._split(path)
        return self._named(
            manager.get(rest, content=content, **{k: v for k, v in options.items() if k != "require_hash"}), path
        )

    def save(self, model: dict[str, Any], path: str = "") -> Any:
        manager, rest = self._split(path)
        return self._named(manager.save(model, rest), path)

    def file_exists(self, path: str = "") -> bool:
        manager, rest = self._split(path)
        return bool(manager.file_exists(rest))

    def dir_exists(self, path: str) -> bool:
        return not path.strip("/") or self._split(path)[0].dir_exists(self._split(path)[1])

    def is_hidden(self, path: str) -> bool:
        return False

    def delete_file(self, path: str) -> None:
        manager, rest = self._split(path)
        manager.delete_file(rest)

    def rename_file(self, old_path: str, new_path: str) -> None:
        manager, rest = self._split(old_path)
        manager.rename_file(rest, self._split(new_path)[1])


class ObjectManager(AsyncContentsManager):
    """Asynchronous; every object is one file of escaped name in a folder, as a bucket has it. No folders, no hooks."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.checkpoints_class = AsyncNoCheckpoints

    def _object(self, path: str) -> Path:
        return Path(os.environ["ODD_MANAGERS_PLACE"]) / quote(path.strip("/"), safe="")

    async def get(self, path: str, content: bool = True, **options: Any) -> Any:
        if not path.strip("/"):
            names = [unquote(name) for name in os.listdir(os.environ["ODD_MANAGERS_PLACE"])]  # noqa: PTH208 - small, and a test
            models = [await self.get(name, content=False) for name in names] if content else None
            return {**self._model("", "directory", 0.0), "content": models, "format": "json" if content else None}
        found = self._object(path)
        if not found.exists():
            raise HTTPError(404, f"no such object: {path}")
        kind = options.get("type") or ("notebook" if path.endswith(".ipynb") else "file")
        model = self._model(path, kind, found.stat().st_mtime)
        if content:
            text = found.read_text()
            model["content"] = from_dict(json.loads(text)) if kind == "notebook" else text
            model["format"] = "json" if kind == "notebook" else "text"
            model["mimetype"] = None if kind == "notebook" else "text/plain"
        return model

    @staticmethod
    def _model(path: str, kind: str, changed: float) -> dict[str, Any]:
        moment = datetime.fromtimestamp(changed, UTC)
        return {
            "name": path.rpartition("/")[2],
            "path": path.strip("/"),
            "type": kind,
            "created": moment,
            "last_modified": moment,
            "writable": True,
            "content": None,
            "format": None,
            "mimetype": None,
        }

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        whole = model["type"] == "notebook"
        self._object(path).write_text(json.dumps(model["content"]) if whole else model["content"])
        return await self.get(path, content=False, type=model["type"])

    async def file_exists(self, path: str = "") -> bool:
        return bool(path.strip("/")) and self._object(path).exists()

    async def dir_exists(self, path: str) -> bool:
        return not path.strip("/")

    async def is_hidden(self, path: str) -> bool:
        return False

    async def delete_file(self, path: str) -> None:
        self._object(path).unlink()

    async def rename_file(self, old_path: str, new_path: str) -> None:
        self._object(old_path).rename(self._object(new_path))


class ForgetfulManager(ObjectManager):
    """The same, but it keeps no metadata of notebooks that it does not know."""

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        if model["type"] == "notebook":
            content = dict(model["content"])
            content["metadata"] = {k: v for k, v in content["metadata"].items() if k == "kernelspec"}
            model = {**model, "content": content}
        return await super().save(model, path)
