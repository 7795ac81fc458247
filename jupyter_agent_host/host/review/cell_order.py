"""The order of a notebook's cells around a turn, so that what it moved or deleted goes back to its place. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from jupyter_agent_host.host.notebook.cells import CellEdit, DeleteCell, InsertCell, MoveCell
from jupyter_agent_host.host.review.kept_versions import CellSide


class Places(msgspec.Struct, frozen=True):
    """Ids of cells.

    Attributes:
        first: as the turn found them; those that came later stand beside the neighbours that they had.
        left: as the turn, or an undo of some of it, left them.
        theirs: those that the person moved after the turn had.
    """

    first: tuple[str, ...]
    left: tuple[str, ...]
    theirs: tuple[str, ...] = ()


def noted(
    known: Places | None, seen: Sequence[str], after: Sequence[str], edits: Collection[CellEdit]
) -> Places | None:
    """The places with one more step of the turn in them; None while no step changed any.

    `seen` are the ids in order as the step found them, `after` as its edits left them.
    """
    if not any(isinstance(edit, (InsertCell, DeleteCell, MoveCell)) for edit in edits):
        return known
    if known is None:
        return Places(tuple(seen), tuple(after))
    moved = {edit.cell_id for edit in edits if isinstance(edit, MoveCell)}
    theirs = (set(known.theirs) | elsewhere(known.left, seen)) - moved
    return Places(_with_new(known.first, seen), tuple(after), tuple(sorted(theirs)))


def elsewhere(before: Sequence[str], now: Sequence[str]) -> set[str]:
    """Cells of both orders that stand beside neither of the neighbours that they had; what came or went aside."""
    both = set(before) & set(now)
    old, new = ([key for key in order if key in both] for order in (before, now))
    had, has = _neighbours(old), _neighbours(new)
    return {key for key in both if had[key][0] != has[key][0] and had[key][1] != has[key][1]}


class Order:
    """The order while an undo is planned: cells are put back one by one, the first of the notebook first."""

    def __init__(self, places: Places | None, now: Sequence[str], displaced: Collection[str]) -> None:
        """`displaced` cells are not where the turn found them, so no other is put back beside them."""
        self._ids = list(now)
        self._first = places.first if places is not None else ()
        self._rank = {key: rank for rank, key in enumerate(self._first)}
        self._theirs = elsewhere(places.left, now) | set(places.theirs) if places is not None else set()
        self._unsteady = self._theirs | set(displaced)

    def is_theirs(self, key: str) -> bool:
        """Whether the person put it where it is."""
        return key in self._theirs

    def remove(self, key: str) -> None:
        """It goes away."""
        self._ids.remove(key)

    def rank(self, key: str) -> int:
        """Where it comes among those that are put back."""
        return self._rank.get(key, len(self._first))

    def put_back(self, before: CellSide) -> str:
        """The cell behind which it goes, "" for the top."""
        if before.id in self._ids:
            self._ids.remove(before.id)
        after = self._behind(before)
        self._ids.insert(self._ids.index(after) + 1 if after else 0, before.id)
        self._unsteady.discard(before.id)
        return after

    def _behind(self, before: CellSide) -> str:
        steady = set(self._ids) - self._unsteady
        rank = self._rank.get(before.id)
        if rank is None:
            if before.previous in self._ids or not before.previous:
                return before.previous
            return self._ids[min(before.position, len(self._ids)) - 1] if self._ids and before.position else ""
        earlier = next((key for key in reversed(self._first[:rank]) if key in steady), "")
        later = next((key for key in self._first[rank + 1 :] if key in steady), "")
        if earlier or not later:
            return earlier
        place = self._ids.index(later)
        return self._ids[place - 1] if place else ""


def read_places(data: bytes | None) -> Places | None:
    """As a checkpoint has them."""
    return None if data is None else msgspec.json.decode(data, type=Places)


def _with_new(first: tuple[str, ...], seen: Sequence[str]) -> tuple[str, ...]:
    order, known = list(first), set(first)
    previous = ""
    for key in seen:
        if key not in known:
            order.insert(order.index(previous) + 1 if previous else 0, key)
            known.add(key)
        previous = key
    return tuple(order)


def _neighbours(order: Sequence[str]) -> dict[str, tuple[str, str]]:
    ids = ["", *order, ""]
    return {key: (ids[at], ids[at + 2]) for at, key in enumerate(order)}
