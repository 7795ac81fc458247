"""Cells are brought back beside everything that the person did since: examples, and arbitrary edits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

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
from jupyter_agent_host.host.review.apply_decisions import DecisionOutcome, plan
from jupyter_agent_host.host.review.cell_attribution import CellSides, attribute, touched
from jupyter_agent_host.host.review.cell_order import Places, noted
from jupyter_agent_host.host.review.kept_versions import encode, read_cell, side_of
from jupyter_agent_host.store.journal.rows import CheckpointItemRow, CheckpointRow


def notebook(*cells: tuple[str, str]) -> Snapshot:
    return Snapshot(tuple(Cell(key, "code", source) for key, source in cells), {}, "file")


def ids(snapshot: Snapshot) -> list[str]:
    return [cell.id for cell in snapshot.cells]


def sources(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(cell.id, cell.source) for cell in snapshot.cells]


def carried_out(snapshot: Snapshot, edits: Sequence[CellEdit]) -> Snapshot:
    """What a document does with edits, as `NotebookDocument.edit` says."""
    cells = list(snapshot.cells)
    for edit in edits:
        ids = [cell.id for cell in cells]
        match edit:
            case InsertCell():
                place = ids.index(edit.after) + 1 if edit.after else 0
                cells.insert(place, Cell(edit.cell_id, edit.type, edit.source, edit.metadata))
            case DeleteCell():
                assert cells[ids.index(edit.cell_id)].revision == edit.revision
                del cells[ids.index(edit.cell_id)]
            case ReplaceSource():
                cell = cells[ids.index(edit.cell_id)]
                assert cell.revision == edit.revision
                cells[ids.index(edit.cell_id)] = replace(cell, source=edit.source, type=edit.type or cell.type)
            case MoveCell():
                cell = cells.pop(ids.index(edit.cell_id))
                ids.remove(edit.cell_id)
                cells.insert(ids.index(edit.after) + 1 if edit.after else 0, cell)
            case SetCellMetadata():
                cell = cells[ids.index(edit.cell_id)]
                merged = {**cell.metadata, **edit.values}
                kept = {key: value for key, value in merged.items() if value is not None}
                cells[ids.index(edit.cell_id)] = replace(cell, metadata=kept)
            case SetOutputs():
                cell = cells[ids.index(edit.cell_id)]
                cells[ids.index(edit.cell_id)] = replace(
                    cell, outputs=edit.outputs or (), execution_count=edit.execution_count
                )
    return replace(snapshot, cells=tuple(cells))


class Turn:
    """An agent's turn: each call is noted as the recorder does it."""

    def __init__(self, start: Snapshot) -> None:
        self.now = start
        self._items: dict[str, CheckpointItemRow] = {}
        self._places: Places | None = None

    def do(self, *edits: CellEdit) -> Turn:
        """One call."""
        seen, self.now = self.now, carried_out(self.now, edits)
        for key in dict.fromkeys(edit.cell_id for edit in edits):
            before, known = side_of(seen, key), self._items.pop(key, None)
            whole = attribute(
                CellSides(read_cell(known.before), read_cell(known.after)) if known is not None else None,
                CellSides(before, side_of(self.now, key)),
                touched(edits, key, before),
            )
            if whole.before != whole.after:
                row = CheckpointItemRow("cell", key, before=encode(whole.before), after=encode(whole.after))
                self._items[key] = row
        if self._items:
            self._places = noted(self._places, ids(seen), ids(self.now), edits)
        return self

    def person(self, *edits: CellEdit) -> Turn:
        """The person works beside the turn."""
        self.now = carried_out(self.now, edits)
        return self

    def undone(
        self, now: Snapshot | None = None, choice: str = "", keys: Sequence[str] = ()
    ) -> tuple[Snapshot, DecisionOutcome]:
        """All of the turn, or these cells of it."""
        now, outcome = now or self.now, DecisionOutcome()
        items = [item for item in self._items.values() if item.before or item.after]
        places = None if self._places is None else msgspec.json.encode(self._places)
        row = CheckpointRow("n", "t", "s", 0.0, places=places, items=tuple(items))
        chosen = [item for item in items if not keys or item.key in keys]
        steps = plan(row, chosen, now, choice, outcome)  # type: ignore[arg-type]
        after = carried_out(now, steps)
        self._places = noted(self._places, ids(now), ids(after), steps)
        for item in outcome.done:
            self._items[item.key] = replace(item, state="undone")
        return after, outcome


def revision(snapshot: Snapshot, key: str) -> str:
    cell = snapshot.cell(key)
    assert cell is not None
    return cell.revision


def test_every_kind_of_change_is_undone_in_one_step() -> None:
    start = notebook(("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "5"))
    turn = Turn(start)
    turn.do(InsertCell("x", "a", "code", "new")).do(ReplaceSource("b", revision(start, "b"), "two"))
    turn.do(DeleteCell("c", revision(start, "c"))).do(DeleteCell("d", revision(start, "d")))
    turn.do(MoveCell("e", "")).do(SetCellMetadata("a", {"agent_host": {"turn_id": "t"}}))
    turn.do(SetOutputs("a", [{"output_type": "stream", "name": "stdout", "text": "hi"}], 7))
    undone, outcome = turn.undone()

    assert sources(undone) == sources(start)
    assert undone.cells[0].metadata == {}
    assert not undone.cells[0].outputs
    assert len(outcome.done) == 6


def test_the_persons_edits_since_stay_and_conflicts_are_shown() -> None:
    start = notebook(("a", "x = 1\ny = 1\nz = 1"), ("b", "1"))
    turn = Turn(start).do(ReplaceSource("a", revision(start, "a"), "x = 2\ny = 1\nz = 1"))
    turn.do(InsertCell("n", "b", "code", "made")).do(ReplaceSource("b", revision(start, "b"), "2"))
    mine = carried_out(
        turn.now,
        [
            ReplaceSource("a", revision(turn.now, "a"), "x = 2\ny = 1\nz = 9"),
            ReplaceSource("n", revision(turn.now, "n"), "made and mine"),
            ReplaceSource("b", revision(turn.now, "b"), "3"),
            InsertCell("p", "", "code", "person"),
        ],
    )
    undone, outcome = turn.undone(mine)

    assert sources(undone) == [("p", "person"), ("a", "x = 1\ny = 1\nz = 9"), ("b", "3"), ("n", "made and mine")]
    assert {item.key: (conflict.mine, conflict.before) for item, conflict in outcome.conflicts} == {
        "b": ("3", "1"),
        "n": ("made and mine", None),
    }
    assert [source for _, source in sources(turn.undone(mine, "mine")[0])] == [
        "person",
        "x = 1\ny = 1\nz = 9",
        "3",
        "made and mine",
    ]
    assert [source for _, source in sources(turn.undone(mine, "before")[0])] == ["person", "x = 1\ny = 1\nz = 9", "1"]


def test_what_the_person_deleted_since_stays_away_and_their_moves_stay() -> None:
    start = notebook(("a", "1"), ("b", "2"), ("c", "3"))
    turn = Turn(start).do(ReplaceSource("b", revision(start, "b"), "two")).do(MoveCell("a", "c"))
    mine = carried_out(turn.now, [DeleteCell("b", revision(turn.now, "b")), MoveCell("a", "")])

    assert sources(turn.undone(mine)[0]) == [("a", "1"), ("c", "3")]


LINE = st.sampled_from(["a", "b", "x = 1", "x = 2", "", "print(x)"])
SOURCE = st.lists(LINE, max_size=5).map("\n".join)
KEYS = ["k0", "k1", "k2", "k3"]


@st.composite
def edits(draw: st.DrawFn, snapshot: Snapshot, prefix: str) -> list[CellEdit]:
    made: list[CellEdit] = []
    now = snapshot
    for index in range(draw(st.integers(0, 6))):
        ids = [cell.id for cell in now.cells]
        kind = draw(st.sampled_from(["insert", "replace", "delete", "move"] if ids else ["insert"]))
        after = draw(st.sampled_from(["", *ids]))
        if kind == "insert":
            edit: CellEdit = InsertCell(f"{prefix}{index}", after, "code", draw(SOURCE))
        else:
            key = draw(st.sampled_from(ids))
            if kind == "replace":
                edit = ReplaceSource(key, revision(now, key), draw(SOURCE))
            elif kind == "delete":
                edit = DeleteCell(key, revision(now, key))
            elif after == key:
                continue
            else:
                edit = MoveCell(key, after)
        made.append(edit)
        now = carried_out(now, [edit])
    return made


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_undo_alone_gives_the_cells_from_before(data: st.DataObject) -> None:
    start = notebook(*((key, data.draw(SOURCE)) for key in KEYS))
    turn = Turn(start)
    made = data.draw(edits(start, "agent"))
    while made:
        count = data.draw(st.integers(1, len(made)))
        turn.do(*made[:count])
        made = made[count:]
    undone, outcome = turn.undone()

    assert not outcome.conflicts
    assert sources(undone) == sources(start)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_undo_after_arbitrary_edits_never_loses_a_persons_line(data: st.DataObject) -> None:
    start = notebook(*((key, data.draw(SOURCE)) for key in KEYS))
    turn = Turn(start)
    for edit in data.draw(edits(start, "agent")):
        turn.do(edit)
    after, mine = turn.now, turn.now
    for edit in data.draw(edits(after, "person")):
        mine = carried_out(mine, [edit])
    undone, outcome = turn.undone(mine)

    shown = {item.key: conflict.mine for item, conflict in outcome.conflicts}
    for cell in mine.cells:
        theirs = after.cell(cell.id)
        added = Counter(cell.source.split("\n")) - Counter(theirs.source.split("\n") if theirs else ())
        now = undone.cell(cell.id)
        assert now is not None or not added
        if now is not None:
            assert not added - Counter(now.source.split("\n"))
        if cell.id in shown:
            assert now is not None
            assert now.source == cell.source == shown[cell.id]
    gone = {cell.id for cell in after.cells} - {cell.id for cell in mine.cells}
    assert gone.isdisjoint(cell.id for cell in undone.cells)


def test_what_the_person_did_between_two_calls_of_a_turn_stays() -> None:
    start = notebook(("a", "x = 1\ny = 1"), ("b", "1"), ("c", "3"))
    turn = Turn(start).do(ReplaceSource("a", revision(start, "a"), "x = 2\ny = 1"))
    turn.do(InsertCell("n", "b", "code", "made"))
    turn.do(ReplaceSource("b", revision(start, "b"), "2")).do(SetCellMetadata("c", {"agent_host": {"how": "edited"}}))
    turn.person(
        ReplaceSource("a", revision(turn.now, "a"), "x = 2\ny = 1\nmine = 1"),
        ReplaceSource("n", revision(turn.now, "n"), "made\nand mine"),
        ReplaceSource("b", revision(turn.now, "b"), "mine"),
        ReplaceSource("c", revision(turn.now, "c"), "typed beside"),
        SetCellMetadata("c", {"tags": ["mine"]}),
    )
    for key, source in (("a", "x = 3\ny = 1\nmine = 1"), ("n", "made anew\nand mine"), ("b", "mine, edited")):
        turn.do(ReplaceSource(key, revision(turn.now, key), source))
    turn.do(SetCellMetadata("c", {"agent_host": {"how": "moved"}}), MoveCell("c", ""))
    turn.do(SetOutputs("c", [{"output_type": "stream", "name": "stdout", "text": "hi"}], 7))
    undone, outcome = turn.undone()

    assert not outcome.conflicts
    assert sources(undone) == [
        ("a", "x = 1\ny = 1\nmine = 1"),
        ("b", "mine"),
        ("n", "made\nand mine"),
        ("c", "typed beside"),
    ]
    assert undone.cells[3].metadata == {"tags": ["mine"]}
    assert not undone.cells[3].outputs


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_a_person_who_works_beside_the_turn_loses_nothing_by_its_undo(data: st.DataObject) -> None:
    """Every line and key of the person's that is there before the undo, in whatever cell, is there after it."""
    start = notebook(*((key, data.draw(SOURCE)) for key in KEYS))
    turn = Turn(start)
    for index in range(data.draw(st.integers(1, 8))):
        if data.draw(st.booleans()):
            for edit in data.draw(edits(turn.now, f"agent{index}-")):
                turn.do(edit)
        elif turn.now.cells:
            cell = data.draw(st.sampled_from(turn.now.cells))
            lines = cell.source.split("\n")
            lines.insert(data.draw(st.integers(0, len(lines))), f"mine {index}")
            turn.person(
                ReplaceSource(cell.id, cell.revision, "\n".join(lines)), SetCellMetadata(cell.id, {f"key {index}": 1})
            )
    before = turn.now
    undone, outcome = turn.undone()

    conflicts = {item.key for item, _ in outcome.conflicts}
    for cell in before.cells:
        mine = [line for line in cell.source.split("\n") if line.startswith("mine ")]
        now = undone.cell(cell.id)
        assert now is not None or not mine, "an undo removes no cell that the person wrote in"
        if now is not None:
            assert set(mine) <= set(now.source.split("\n"))
            assert dict(cell.metadata).items() <= dict(now.metadata).items()
            assert cell.id not in conflicts or now.source == cell.source


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_cells_taken_back_one_by_one_end_where_they_were(data: st.DataObject) -> None:
    keys = [f"k{index}" for index in range(6)]
    start = notebook(*((key, key) for key in keys))
    moved = data.draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))
    target = data.draw(st.sampled_from(["", *(key for key in keys if key not in moved)]))
    call: list[CellEdit] = []
    for key in moved:
        call.append(MoveCell(key, target))
        target = key
    turn = Turn(start).do(*call)
    now = turn.now
    for key in data.draw(st.permutations(moved)):
        now, outcome = turn.undone(now, keys=[key])
        assert not outcome.conflicts
    assert sources(now) == sources(start)


def test_a_cell_that_the_person_moved_after_the_agent_stays_there() -> None:
    start = notebook(*((key, key) for key in "abcdef"))
    turn = Turn(start).do(MoveCell("a", "f"), MoveCell("b", "a"))
    turn.person(MoveCell("a", "d"))
    turn.do(DeleteCell("e", revision(start, "e")))
    undone, _ = turn.undone()
    assert ids(undone) == ["b", "c", "d", "e", "a", "f"]
