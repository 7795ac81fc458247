"""Notebooks read from disk while a server may be writing them: its contents manager writes some files in place."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import anyio
import nbformat
from nbformat.v4.rwbase import rejoin_lines

_WRITTEN_SECONDS = 20.0
_SAVED_SECONDS = 60.0
_AGAIN_SECONDS = 0.02


def notebook_on_disk(path: Path) -> dict[str, Any]:
    """The notebook once it is whole, its texts in one piece; what stays half-written fails with the JSON error.

    It blocks, so it is for servers that do not run on the event loop of the test.
    """
    deadline = time.monotonic() + _WRITTEN_SECONDS
    while True:
        try:
            return _read(path)
        except json.JSONDecodeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_SECONDS)


def sources_on_disk(path: Path) -> list[str]:
    """The sources of its cells; as `notebook_on_disk`."""
    return _sources(notebook_on_disk(path))


async def saved(path: Path, sources: list[str]) -> None:
    """Wait until the file holds cells with these sources: a room saves when it likes."""
    found: list[str] | None = None
    with anyio.move_on_after(_SAVED_SECONDS):
        while found != sources:
            await anyio.sleep(_AGAIN_SECONDS)
            try:
                found = _sources(_read(path))
            except json.JSONDecodeError:
                found = None
    assert found == sources


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = rejoin_lines(nbformat.from_dict(json.loads(path.read_text())))
    return found


def _sources(notebook: dict[str, Any]) -> list[str]:
    return [cell["source"] for cell in notebook["cells"]]
