"""A session too large for its notebook loses detail, never the conversation's end."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from store_samples import KEY, META, turns

from jupyter_agent_host.store.envelope.envelope import (
    Envelope,
    TurnChunkSource,
    build_envelope,
    compare,
    history_of,
    read_envelope,
    size_bytes,
    transcript_of,
    verify,
)


def build(
    conversation: list[TurnChunkSource], max_bytes: int, previous: dict[str, Any] | None = None
) -> dict[str, Any]:
    return build_envelope(META, conversation, previous=previous, save_state="full", max_bytes=max_bytes, keys=[KEY])


def parents_are_kept(saved: Envelope) -> bool:
    entries = [json.loads(entry) for _, entry in transcript_of(saved)]
    known = {entry.get("uuid") for entry in entries}
    return all(entry["parentUuid"] in known for entry in entries if entry.get("parentUuid"))


@pytest.mark.parametrize("max_bytes", [60_000, 30_000, 15_000, 6_000])
def test_it_fits_and_can_be_gone_on_from(max_bytes: int) -> None:
    conversation = turns(60, tool_every=3)
    made = build(conversation, max_bytes)
    assert size_bytes(made) <= max_bytes
    saved = read_envelope(made)
    assert verify(saved, [KEY]) == "own"
    assert saved.turns[-1].entries, "the newest turn keeps its transcript"
    assert parents_are_kept(saved)
    assert saved.base.turns + len(saved.turns) == 60
    assert compare(saved, [turn.chain for turn in conversation]) == "same"
    assert compare(saved, [turn.chain for turn in conversation[:50]]) in ("newer", "diverged")


def test_tool_results_go_before_words() -> None:
    conversation = turns(30, tool_every=2)
    full = size_bytes(build(conversation, 2**21))
    saved = read_envelope(build(conversation, full - 1))
    assert len(history_of(saved)) == 30
    text = b"".join(entry for _, entry in transcript_of(saved))
    assert b"bytes were not kept in the notebook" in text
    assert text.count(b'"type":"tool_result"') + text.count(b'"type": "tool_result"') > 0


def test_after_compaction_turns_are_appended_again() -> None:
    conversation = turns(80, tool_every=4)
    limit = 40_000
    saved: dict[str, Any] | None = None
    rebuilt = 0
    for count in range(1, len(conversation) + 1):
        before, saved = saved, build(conversation[:count], limit, saved)
        assert size_bytes(saved) <= limit
        if before is not None and saved["chunks"][: len(before["chunks"])] != before["chunks"]:
            rebuilt += 1
    assert saved is not None
    assert 1 <= rebuilt <= 4
    assert verify(read_envelope(saved), [KEY]) == "own"


def test_what_the_agent_has_summarised_itself_goes_first() -> None:
    conversation = turns(40)
    boundary = ("", b'{"type":"system","subtype":"compact_boundary","uuid":"b","parentUuid":null}')
    turn = conversation[30]
    conversation[30] = dataclasses.replace(turn, entries=(*turn.entries[:1], boundary, *turn.entries[1:]))
    saved = read_envelope(build(conversation, size_bytes(build(conversation, 2**21)) - 1))
    assert len(history_of(saved)) == 40
    assert [bool(turn.entries) for turn in saved.turns] == [False] * 30 + [True] * 10
    assert transcript_of(saved)[0] == boundary


def test_a_boundary_that_keeps_older_messages_is_not_a_place_to_cut() -> None:
    conversation = turns(10)
    boundary = b'{"type":"system","subtype":"compact_boundary","compactMetadata":{"preservedSegment":{"headUuid":"x"}}}'
    conversation[8] = dataclasses.replace(conversation[8], entries=(("", boundary), *conversation[8].entries))
    saved = read_envelope(build(conversation, size_bytes(build(conversation, 2**21)) - 1))
    assert sum(bool(turn.entries) for turn in saved.turns) not in (0, 2)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("".join(f"{number:x}" for number in range(1_000_000)), id="too large to save"),
        pytest.param("x" * 70_000_000, id="too large to read back"),
    ],
)
def test_one_enormous_turn_is_cut_not_refused(text: str) -> None:
    conversation = turns(3)
    message = {"type": "user", "uuid": "u", "message": {"role": "user", "content": text}}
    (first, *rest), last = conversation[2].entries, ("", json.dumps(message).encode())
    conversation[2] = dataclasses.replace(conversation[2], entries=(first, *rest, last))
    made = build(conversation, 2**21)
    assert size_bytes(made) <= 2**21
    saved = read_envelope(made)
    assert b"bytes were not kept" in transcript_of(saved)[-1][1]
    assert transcript_of(saved)[-2] == rest[-1]


def test_no_limit_is_too_small_to_answer() -> None:
    saved = read_envelope(build(turns(5), 10))
    assert [turn.summary is not None for turn in saved.turns] == [True]
    assert saved.base.turns == 4
