"""A notebook that a browser page has open without real-time collaboration: the page reads and edits its own model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from jupyter_agent_host.errors import CellMissingError, NotebookUnavailableError
from jupyter_agent_host.host.notebook.cells import CellEdit, DeleteCell, ReplaceSource, SetOutputs, Snapshot
from jupyter_agent_host.host.notebook.checked_cell_edits import apply_edits, busy_error, changed_error
from jupyter_agent_host.server.notebooks.cell_conversion import cell_of
from jupyter_agent_host.server.notebooks.open_pages import (
    Page,
    PageAnswer,
    PageLostError,
    PageRequest,
    Pages,
    new_id,
)

_BACK_SECONDS = 6.0


class _PageCell(msgspec.Struct):
    id: str
    cell_type: str
    source: str
    metadata: dict[str, Any] = {}
    execution_count: int | None = None
    execution_state: str = ""
    outputs: list[dict[str, Any]] = []
    output_kinds: tuple[str, ...] = ()
    attachments: dict[str, Any] = {}
    cut: bool = False
    typing: bool = False


class _PageNotebook(msgspec.Struct):
    cells: list[_PageCell]
    metadata: dict[str, Any] = {}
    dirty: bool = False


class PageDocument:
    """The notebook in one of the pages that have it open. Edits go through its shared model as one transaction."""

    def __init__(self, pages: Pages, page: Page, api_path: str) -> None:
        self._pages = pages
        self._page = page
        self._api_path = api_path

    async def read(self, outputs_of: Collection[str] = ()) -> Snapshot:
        """As `NotebookDocument.read`.

        Raises:
            PageLostError: the page went meanwhile; whoever chose it chooses again.
        """
        request = PageRequest(request_id=new_id(), op="read", path=self._api_path, outputs_of=tuple(outputs_of))
        return self._snapshot(self._checked(await self._page.ask(request)))

    async def edit(
        self,
        edits: Sequence[CellEdit],
        *,
        seen: Snapshot | None = None,
        again: bool = False,
        for_person: bool = False,
    ) -> Snapshot:
        """As `NotebookDocument.edit`; raises as `read`, too, and then the edit may have been made or not."""
        self._one_copy()
        before = Snapshot((), {}, "page")
        if not all(isinstance(edit, SetOutputs) for edit in edits):  # a running cell tells of its outputs often
            before = seen if seen is not None else await self.read()
            apply_edits(before.cells, edits, again=again, for_person=for_person)  # raises for what may not be done
        # The page compares what each edit was checked against with what it has in the same step as it edits.
        wire = [_wire(edit, before) for edit in edits]
        request = PageRequest(
            request_id=new_id(), op="edit", path=self._api_path, edit_id=new_id(), edits=wire, for_person=for_person
        )
        return self._snapshot(self._checked(await self._ask_twice(request)))

    async def _ask_twice(self, request: PageRequest) -> PageAnswer:
        """A connection that breaks and comes back is asked again; the page knows the edit by its id."""
        try:
            return await self._page.ask(request)
        except PageLostError:
            page = await self._pages.back(self._page.page_id, self._api_path, _BACK_SECONDS)
            if page is None:
                raise
            self._page = page
            return await page.ask(msgspec.structs.replace(request, request_id=new_id()))

    def _one_copy(self) -> None:
        having = self._pages.having(self._api_path)
        unsaved = [page for page in having if page.notebooks[self._api_path].dirty]
        if len(unsaved) > 1 and not having[0].notebooks[self._api_path].collaborative:
            raise NotebookUnavailableError(
                "The notebook is open in two pages with different unsaved changes, so it is not edited. Ask the person"
                " to save and close one of them."
            )

    def _checked(self, answer: PageAnswer) -> Any:
        if not answer.code:
            return answer.result
        if answer.code in ("cell_changed", "cell_busy"):
            cell = self._snapshot(answer.result).cell(answer.cell_id)
            if cell is None:
                raise CellMissingError("The cell was deleted in this moment.")
            raise changed_error(cell) if answer.code == "cell_changed" else busy_error(cell)
        if answer.code == "cell_missing":
            raise CellMissingError(f"No cell {answer.cell_id[:64]!r} is in the notebook any more.")
        raise NotebookUnavailableError(f"The page refused: {answer.message[:500] or answer.code[:80]}")

    def _snapshot(self, result: Any) -> Snapshot:
        try:
            notebook = msgspec.convert(result, _PageNotebook)
        except msgspec.ValidationError as err:
            raise NotebookUnavailableError(f"The page's answer cannot be read: {err}") from err
        cells = []
        for raw in notebook.cells:
            cell = cell_of(msgspec.structs.asdict(raw), {raw.id}, typing=raw.typing)
            cells.append(replace(cell, output_kinds=raw.output_kinds, cut=raw.cut))
        return Snapshot(tuple(cells), notebook.metadata, "page", unsaved=notebook.dirty)


def _wire(edit: CellEdit, before: Snapshot) -> dict[str, Any]:
    """An edit as the page reads it; `expected` is the very text that it was checked against."""
    raw: dict[str, Any] = {"op": type(edit).__name__, **msgspec.to_builtins(edit)}
    raw.pop("revision", None)
    if isinstance(edit, (ReplaceSource, DeleteCell)):
        cell = before.cell(edit.cell_id)
        raw["expected"] = None if cell is None else {"type": cell.type, "source": cell.source}
    return raw
