"""Many edits, one after another, by one agent of one notebook; and what its cells must hold in the end."""

from __future__ import annotations

import anyio
from own_house import Desk

_CELLS = 5


def first_sources(mark: str) -> list[str]:
    """The cells of a notebook to hammer, which get the ids c0, c1 and so on; `mark` tells it from others."""
    return [f"{mark} {index}" for index in range(_CELLS)]


async def hammer(desk: Desk, mark: str, steps: int) -> list[str]:
    """Insert, edit, move and delete cells; the sources in order, as computed here and not as read from anywhere."""
    expected = [(f"c{index}", source) for index, source in enumerate(first_sources(mark))]
    revisions = {cell.id: cell.revision for cell in (await desk.snapshot()).cells}
    for step in range(steps):
        await anyio.sleep(0.005)  # edits of a room wait for nothing, and others share this loop
        at = step % len(expected)
        cell_id, source = expected[at]
        if step % 4 == 0:
            new = f"{mark} new {step}"
            said = await desk.do("insert_cells", after=cell_id, cells=[{"source": new}])
            new_id, _, revisions[new_id], _ = said.split()[1:5]
            expected.insert(at + 1, (new_id, new))
        elif step % 4 == 3 and len(expected) > 8:
            await desk.do("delete_cells", cells=[{"cell_id": cell_id, "revision": revisions[cell_id]}])
            del expected[at]
        elif step % 4 == 2:
            await desk.do("move_cells", cell_ids=[cell_id], after="")
            expected.insert(0, expected.pop(at))
        else:
            longer = f"{source}\n{mark} at {step}"
            said = await desk.do("edit_cell", cell_id=cell_id, revision=revisions[cell_id], source=longer)
            revisions[cell_id] = said.split()[3]
            expected[at] = (cell_id, longer)
    return [source for _, source in expected]
