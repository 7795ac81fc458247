"""Ids for cells of notebooks below format 4.5, which have none: given and kept here, never written to the file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from jupyter_agent_host.server.notebooks.cell_conversion import text_of

_Content = tuple[str, str]


class GivenIds:
    """The ids of one notebook's cells. A cell keeps its id while it can be told which one it is."""

    def __init__(self) -> None:
        self._known: list[tuple[str, _Content]] = []

    def give(self, cells: Sequence[dict[str, Any]]) -> None:
        """Set `id` on each cell: the one that it had at the last look, else a new one.

        The same file gets the same ids in a server that never saw it.
        """
        contents = [_content(cell) for cell in cells]
        ids = self._recognised(contents)
        taken = {cell_id for cell_id in ids if cell_id}
        for index, content in enumerate(contents):
            if not ids[index]:
                ids[index] = _new_id(index, content, taken)
                taken.add(ids[index])
        for cell, cell_id in zip(cells, ids, strict=True):
            cell["id"] = cell_id
        self._known = list(zip(ids, contents, strict=True))

    def take_back(self, cells: Sequence[dict[str, Any]]) -> None:
        """Take the ids out of the cells, before they are saved, and remember whose they were."""
        self._known = [(str(cell["id"]), _content(cell)) for cell in cells]
        for cell in cells:
            del cell["id"]

    def _recognised(self, contents: list[_Content]) -> list[str]:
        ids = [""] * len(contents)
        matcher = SequenceMatcher(None, [known[1] for known in self._known], contents, autojunk=False)
        for tag, old, old_end, new, new_end in matcher.get_opcodes():
            # As many cells between the same neighbours: they were edited.
            if tag == "equal" or (tag == "replace" and old_end - old == new_end - new):
                ids[new:new_end] = [known[0] for known in self._known[old:old_end]]
        return ids


def _content(cell: dict[str, Any]) -> _Content:
    return str(cell.get("cell_type")), text_of(cell.get("source"))


def _new_id(index: int, content: _Content, taken: set[str]) -> str:
    for attempt in range(len(taken) + 1):
        seed = f"{index}\0{content[0]}\0{content[1]}\0{attempt}".encode("utf-8", "surrogatepass")
        made = hashlib.sha256(seed).hexdigest()[:8]
        if made not in taken:
            return made
    raise AssertionError("one of n + 1 attempts differs from n ids")
