"""A notebook that is open with real-time collaboration: the shared document itself, edited on the server."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, ref

from jupyter_agent_host.host.notebook.cells import (
    Cell,
    CellEdit,
    DeleteCell,
    InsertCell,
    MoveCell,
    ReplaceSource,
    SetCellMetadata,
    SetOutputs,
    Snapshot,
)
from jupyter_agent_host.host.notebook.checked_cell_edits import apply_edits, kept_attachments
from jupyter_agent_host.server.documents.live_documents import plain
from jupyter_agent_host.server.notebooks.cell_conversion import cell_of, raw_cell, text_of

ORIGIN = "jupyter-agent-host"
TYPING_SECONDS = 10.0


class RoomDocument:
    """One open room. Everything happens on the server's event loop, so a check and its edit are one step."""

    def __init__(self, ynotebook: Any, typed: Typed) -> None:
        self._notebook = ynotebook
        self._typed = typed

    async def read(self, outputs_of: Collection[str] = ()) -> Snapshot:
        """As `NotebookDocument.read`."""
        return self._snapshot(outputs_of)

    async def edit(
        self,
        edits: Sequence[CellEdit],
        *,
        seen: Snapshot | None = None,  # noqa: ARG002 - the document is here, so it is looked at itself
        again: bool = False,
        for_person: bool = False,
    ) -> Snapshot:
        """As `NotebookDocument.edit`."""
        before = self._snapshot(())
        apply_edits(before.cells, edits, again=again, for_person=for_person)  # raises for what may not be done
        order = [cell.id for cell in before.cells]  # the shared array takes a crossing for each cell that is looked at
        with self._typed.ours(), self._notebook.ydoc.transaction(origin=ORIGIN):
            for edit in edits:
                self._carry_out(edit, order)
        return self._snapshot(())

    def _snapshot(self, outputs_of: Collection[str]) -> Snapshot:
        with self._notebook.ydoc.transaction():  # else each look at a cell is one of its own
            cells = tuple(self._cell(ycell, outputs_of) for ycell in self._notebook.ycells)
            metadata = plain(self._notebook._ymeta["metadata"].to_py())  # noqa: SLF001 - see server.live_documents
        return Snapshot(cells=cells, metadata=metadata, source="room")

    def _cell(self, ycell: Any, outputs_of: Collection[str]) -> Cell:
        cell_id = str(ycell["id"])
        outputs = ycell["outputs"].to_py() if "outputs" in ycell else ()
        raw = {
            "id": cell_id,
            "cell_type": ycell["cell_type"],
            "source": str(ycell["source"]),
            "metadata": plain(ycell["metadata"].to_py()) if "metadata" in ycell else {},
            "execution_count": ycell.get("execution_count"),
            "execution_state": ycell.get("execution_state"),
            "outputs": plain(outputs) if cell_id in outputs_of else outputs,
            "attachments": plain(ycell.get("attachments")) if cell_id in outputs_of else None,
        }
        return cell_of(raw, outputs_of, typing=self._typed.lately(cell_id))

    def _carry_out(self, edit: CellEdit, order: list[str]) -> None:
        cells = self._notebook.ycells
        if isinstance(edit, InsertCell):
            if edit.cell_id not in order:
                raw = raw_cell(edit.cell_id, edit.type, edit.source, edit.metadata, edit.attachments)
                self._insert(_behind(order, edit.after), raw, order)
            return
        if edit.cell_id not in order:
            return  # a deletion carried out again
        index = order.index(edit.cell_id)
        if isinstance(edit, DeleteCell):
            del cells[index], order[index]
        elif isinstance(edit, MoveCell):
            self._move(index, edit, order)
        elif isinstance(edit, ReplaceSource):
            self._replace(index, edit)
        elif isinstance(edit, SetCellMetadata):
            _merge(cells[index]["metadata"], edit.values)
        else:
            _set_outputs(cells[index], edit)

    def _replace(self, index: int, edit: ReplaceSource) -> None:
        ycell = self._notebook.ycells[index]
        if edit.type is not None and edit.type != ycell["cell_type"]:
            attachments = kept_attachments(self._cell(ycell, {edit.cell_id}), edit)
            raw = raw_cell(edit.cell_id, edit.type, edit.source, plain(ycell["metadata"].to_py()), attachments)
            self._notebook.ycells[index] = self._notebook.create_ycell(raw)
        elif "\r" in str(ycell["source"]):
            # An editor counts such an end of line as one character, and would lose its place: it begins anew.
            raw = plain(ycell.to_py())
            self._notebook.ycells[index] = self._notebook.create_ycell({**raw, "source": edit.source})
        else:
            splice(ycell["source"], edit.source)

    def _move(self, index: int, edit: MoveCell, order: list[str]) -> None:
        # The shared array's own move is not understood by every client; a copy keeps the id, and ids are what we name.
        if edit.after == edit.cell_id or _behind(order, edit.after) == index:
            return
        raw = plain(self._notebook.ycells[index].to_py())
        del self._notebook.ycells[index], order[index]
        self._insert(_behind(order, edit.after), raw, order)

    def _insert(self, index: int, raw: dict[str, Any], order: list[str]) -> None:
        self._notebook.ycells.insert(index, self._notebook.create_ycell(raw))
        order.insert(index, raw["id"])


def _behind(order: Sequence[str], after: str) -> int:
    return order.index(after) + 1 if after else 0


def splice(text: Any, wanted: str) -> None:
    """Change a shared text by its differing middle only, so that cursors and other people's typing stay."""
    now = str(text)
    if now == wanted:
        return
    start = 0
    while start < min(len(now), len(wanted)) and now[start] == wanted[start]:
        start += 1
    end = 0
    while end < min(len(now), len(wanted)) - start and now[-1 - end] == wanted[-1 - end]:
        end += 1
    # The shared text counts bytes of UTF-8.
    first = len(now[:start].encode())
    last = len(now[: len(now) - end].encode())
    if last > first:
        del text[first:last]
    if wanted[start : len(wanted) - end]:
        text.insert(first, wanted[start : len(wanted) - end])


def _merge(ymap: Any, values: Any) -> None:
    for name, value in values.items():
        if value is None:
            if name in ymap:
                del ymap[name]
        else:
            ymap[name] = value


def _set_outputs(ycell: Any, edit: SetOutputs) -> None:
    from pycrdt import Map, Text  # noqa: PLC0415 - there is a room, so it is installed; without one it need not be

    if edit.outputs is not None and "outputs" in ycell:
        shared = []
        for output in edit.outputs:
            is_stream = output.get("output_type") == "stream"
            shared.append(Map({**output, "text": Text(text_of(output.get("text")))} if is_stream else dict(output)))
        ycell["outputs"].clear()
        ycell["outputs"].extend(shared)
    ycell["execution_count"] = edit.execution_count


class Typed:
    """When somebody else than us last changed each cell's source in one room."""

    def __init__(self, ynotebook: Any) -> None:
        self._ynotebook = ref(ynotebook)  # the document holds us by the subscription
        self._at: dict[str, float] = {}
        self._ours = False
        self._subscription = ynotebook.ycells.observe_deep(self._changed)

    def lately(self, cell_id: str) -> bool:
        """Whether somebody is typing in the cell."""
        return time.monotonic() - self._at.get(cell_id, -TYPING_SECONDS) < TYPING_SECONDS

    @contextmanager
    def ours(self) -> Iterator[None]:
        """Changes in this block are not somebody's typing."""
        self._ours = True
        try:
            yield
        finally:
            self._ours = False

    def _changed(self, events: Any, *_: Any) -> None:
        ynotebook = self._ynotebook()
        if self._ours or ynotebook is None:
            return
        for event in events:
            match event.path:
                case [int(index), "source"] if index < len(ynotebook.ycells):
                    self._at[str(ynotebook.ycells[index]["id"])] = time.monotonic()


class Rooms:
    """The watch over each open room, for as long as the room lives."""

    def __init__(self) -> None:
        self._typed: WeakKeyDictionary[Any, Typed] = WeakKeyDictionary()

    def document(self, ynotebook: Any) -> RoomDocument:
        """The room's document."""
        typed = self._typed.get(ynotebook)
        if typed is None:
            typed = self._typed[ynotebook] = Typed(ynotebook)
        return RoomDocument(ynotebook, typed)
