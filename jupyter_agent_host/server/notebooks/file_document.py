"""A notebook that is open nowhere: its file, through the contents manager."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import anyio
from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from jupyter_agent_host.errors import NotebookUnavailableError
from jupyter_agent_host.host.notebook.cells import Cell, CellEdit, SetOutputs, Snapshot
from jupyter_agent_host.host.notebook.checked_cell_edits import apply_edits, merged_metadata
from jupyter_agent_host.server.notebooks.cell_conversion import cell_of, raw_cell

_TRIES = 3


class FileDocument:
    """One notebook file. `still_closed` raises once somebody has opened it: then the file is not ours to write."""

    def __init__(
        self, contents: Any, api_path: str, lock: anyio.Lock, still_closed: Callable[[], Awaitable[None]]
    ) -> None:
        self._contents = contents
        self._api_path = api_path
        self._lock = lock
        self._still_closed = still_closed

    async def read(self, outputs_of: Collection[str] = ()) -> Snapshot:
        """As `NotebookDocument.read`."""
        return _snapshot((await self._get())["content"], outputs_of)

    async def edit(
        self,
        edits: Sequence[CellEdit],
        *,
        seen: Snapshot | None = None,  # noqa: ARG002 - the file is read again, under the lock
        again: bool = False,
        for_person: bool = False,
    ) -> Snapshot:
        """As `NotebookDocument.edit`."""
        async with self._lock:
            for _ in range(_TRIES):
                model = await self._get()
                notebook = model["content"]
                before = _snapshot(notebook, _all_ids(notebook)).cells
                after = apply_edits(before, edits, again=again, for_person=for_person)
                _write_back(notebook, after, edits)
                await self._still_closed()
                if (await self._get(content=False))["last_modified"] == model["last_modified"]:
                    with anyio.CancelScope(shield=True):
                        await self._save(notebook)
                    return _snapshot(notebook, ())
        raise NotebookUnavailableError("The notebook's file is being changed by another program. Try again later.")

    async def _get(self, *, content: bool = True) -> dict[str, Any]:
        try:
            model = await ensure_async(self._contents.get(self._api_path, content=content, type="notebook"))
        except HTTPError as err:
            raise NotebookUnavailableError(f"The notebook's file cannot be read: {err.log_message}") from err
        return dict(model)

    async def _save(self, notebook: Any) -> None:
        model = {"type": "notebook", "format": "json", "content": notebook}
        try:
            await ensure_async(self._contents.save(model, self._api_path))
        except HTTPError as err:
            raise NotebookUnavailableError(f"The notebook's file cannot be written: {err.log_message}") from err


def _all_ids(notebook: Any) -> set[str]:
    return {str(raw.get("id")) for raw in notebook["cells"]}


def _snapshot(notebook: Any, outputs_of: Collection[str]) -> Snapshot:
    cells = tuple(cell_of(raw, outputs_of) for raw in notebook["cells"])
    return Snapshot(cells=cells, metadata=dict(notebook["metadata"]), source="file")


def _write_back(notebook: Any, after: Sequence[Cell], edits: Sequence[CellEdit]) -> None:
    """Cells that no edit touched stay exactly as they were, unknown keys and all."""
    from nbformat import from_dict  # noqa: PLC0415 - only a server that edits files pays for it

    before = {raw["id"]: raw for raw in notebook["cells"]}
    ran = {edit.cell_id for edit in edits if isinstance(edit, SetOutputs)}
    cells = []
    for cell in after:
        raw = before.get(cell.id)
        if raw is None or raw["cell_type"] != cell.type:
            made = raw_cell(cell.id, cell.type, cell.source, cell.metadata, cell.attachments)
            raw = from_dict(made)  # type: ignore[no-untyped-call]
        if raw["source"] != cell.source:
            raw["source"] = cell.source
        if dict(raw["metadata"]) != dict(cell.metadata):
            raw["metadata"] = from_dict(merged_metadata({}, cell.metadata))  # type: ignore[no-untyped-call]
        if cell.id in ran and cell.type == "code":
            raw["outputs"] = from_dict([dict(output) for output in cell.outputs])  # type: ignore[no-untyped-call]
            raw["execution_count"] = cell.execution_count
        cells.append(raw)
    notebook["cells"] = cells
