"""Which detail of a long session goes first when its notebook would become too large."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from jupyter_agent_host.store.envelope.trim_transcript import (
    Entries,
    from_boundary,
    reroot,
    uuids,
    without_long_strings,
    without_tool_output,
)
from jupyter_agent_host.store.envelope.turn_chunks import TurnChunkSource

RECENT_TURNS = 5
"""Turns whose tool results stay in the first rounds."""

KEPT_OUTPUT_BYTES = 256
KEPT_STRING_BYTES = 4096

Turns = Sequence[TurnChunkSource]


def candidates(turns: Turns) -> Iterator[list[TurnChunkSource]]:
    """The same conversation, smaller and smaller. Always its newest turns; the agent can go on from each.

    The transcript of a turn may be gone while its summary is still there, then older summaries go too.
    """
    current = _since_boundary(turns)
    yield current
    current = _trim(current, upto=len(current) - RECENT_TURNS)
    yield current
    current = _trim(current, upto=len(current))
    yield current
    kept = len(current) * 3 // 4
    while kept >= 1:
        current = _forget_transcripts(current, upto=len(current) - kept)
        yield current
        kept = kept * 3 // 4
    while len(current) > 1:
        current = current[len(current) // 2 :]
        yield current
    yield [dataclasses.replace(turn, entries=_cut(turn.entries)) for turn in current]
    yield [dataclasses.replace(turn, entries=()) for turn in current]


def _since_boundary(turns: Turns) -> list[TurnChunkSource]:
    """Leave out transcripts that the agent itself has already replaced by a summary."""
    for index in range(len(turns) - 1, -1, -1):
        rest = from_boundary(turns[index].entries)
        if rest is not None:
            forgotten = _forget_transcripts(turns, upto=index)
            return [*forgotten[:index], dataclasses.replace(turns[index], entries=rest), *turns[index + 1 :]]
    return list(turns)


def _trim(turns: Turns, upto: int) -> list[TurnChunkSource]:
    return [
        dataclasses.replace(turn, entries=without_tool_output(turn.entries, over_bytes=KEPT_OUTPUT_BYTES))
        if index < upto
        else turn
        for index, turn in enumerate(turns)
    ]


def _forget_transcripts(turns: Turns, upto: int) -> list[TurnChunkSource]:
    dropped = uuids(entry for turn in turns[:upto] for entry in turn.entries)
    return [
        dataclasses.replace(turn, entries=() if index < upto else reroot(turn.entries, dropped))
        for index, turn in enumerate(turns)
    ]


def _cut(entries: Entries) -> Entries:
    return without_long_strings(entries, over_bytes=KEPT_STRING_BYTES)
