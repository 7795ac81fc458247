"""The saved session: what goes in comes out, one turn is a small diff, nothing else is believed."""

from __future__ import annotations

import dataclasses
import difflib
import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from store_samples import KEY, META, NOTEBOOK, OTHER_KEY, SESSION, recorded, turns

from jupyter_agent_host.store.envelope.envelope import (
    Cost,
    SaveState,
    TurnChunkSource,
    build_envelope,
    compare,
    history_of,
    read_envelope,
    size_bytes,
    transcript_of,
    verify,
)

SCHEMA = json.loads((files("jupyter_agent_host.store") / "envelope.schema.json").read_text(encoding="utf-8"))


def build(
    conversation: list[TurnChunkSource],
    previous: dict[str, Any] | None = None,
    save_state: SaveState = "full",
    max_bytes: int = 2**21,
) -> dict[str, Any]:
    made = build_envelope(META, conversation, previous=previous, save_state=save_state, max_bytes=max_bytes, keys=[KEY])
    jsonschema.validate(made, SCHEMA) if save_state != "off" else None
    return made


def test_what_goes_in_comes_out() -> None:
    conversation = turns(6, tool_every=3)
    saved = read_envelope(json.loads(json.dumps(build(conversation))))
    assert transcript_of(saved) == [entry for turn in conversation for entry in turn.entries]
    assert history_of(saved) == [turn.summary for turn in conversation]
    assert saved.meta == META
    assert saved.chain == tuple(turn.chain for turn in conversation)
    assert verify(saved, [KEY]) == "own"
    assert verify(saved, [OTHER_KEY]) == "foreign"
    unsigned = build_envelope(META, conversation, previous=None, save_state="full", max_bytes=2**21, keys=[])
    assert verify(read_envelope(unsigned), [KEY]) == "unsigned"


def test_it_survives_editors_that_turn_numbers_into_fractions_and_sort_names() -> None:
    saved = build(turns(2))
    through_javascript = json.loads(json.dumps(saved, sort_keys=True), parse_int=float)
    assert through_javascript["schema"] == 1.0
    assert verify(read_envelope(through_javascript), [KEY]) == "own"


def test_one_more_turn_is_a_small_diff() -> None:
    conversation = turns(60, tool_every=10)
    saved = None
    for count in range(1, len(conversation) + 1):
        before, saved = saved, build(conversation[:count], saved)
        if before is not None:
            assert saved["chunks"][: count - 1] == before["chunks"]
    assert saved == build(conversation), "building at once and turn by turn must give the same bytes"
    lines = [json.dumps(build(conversation[:count]), indent=1).splitlines() for count in (58, 59)]
    changed = [line for line in difflib.unified_diff(*lines, n=0) if line[0] in "+-"]
    figure = sum(map(len, changed))
    print(f"\nenvelope: a small turn's diff is {figure} bytes in {len(changed)} lines")  # noqa: T201 - the figure
    assert figure < 2500


def test_sizes() -> None:
    figures = {count: size_bytes(build(turns(count))) for count in (1, 10, 100)}
    with_tools = size_bytes(build(turns(100, tool_every=4)))
    print(f"\nenvelope: bytes by small turns {figures}; 100 turns, each fourth with a tool: {with_tools}")  # noqa: T201
    assert figures[1] < 6_000
    assert figures[10] < 14_000
    assert figures[100] < 80_000


def test_no_tool_output_keeps_the_calls_but_not_the_answers() -> None:
    secret = b"DB_PASSWORD=hunter2"
    result = {"type": "tool_result", "tool_use_id": "t", "content": secret.decode()}
    answer = {
        "type": "user",
        "uuid": "u",
        "parentUuid": "p",
        "message": {"role": "user", "content": [result]},
        "toolUseResult": {"stdout": secret.decode(), "half": "\ud83d"},
    }
    progress = {"type": "progress", "uuid": "v", "data": {"type": "bash_progress", "output": secret.decode() * 20}}
    attached = {"type": "attachment", "attachment": {"type": "edited_text_file", "snippet": secret.decode() * 20}}
    entries = [("", json.dumps(part).encode()) for part in (answer, progress, attached)]
    conversation = turns(1)
    conversation.append(dataclasses.replace(turns(2)[1], entries=(*entries, ("", b"no json " + secret))))
    saved = read_envelope(build(conversation, save_state="no_tool_output"))
    transcript = b"".join(entry for _, entry in transcript_of(saved))
    assert b"hunter2" not in transcript
    assert b'"tool_use_id":"t"' in transcript
    assert b"21 bytes were not kept in the notebook; sha256" in transcript
    assert b"hunter2" in b"".join(entry for _, entry in transcript_of(read_envelope(build(conversation))))


def test_a_pointer_holds_no_words() -> None:
    conversation = turns(3, tool_every=3)
    made = build(conversation, save_state="pointer")
    saved = read_envelope(made)
    assert transcript_of(saved) == []
    assert history_of(saved) == []
    assert verify(saved, [KEY]) == "own"
    assert compare(saved, [turn.chain for turn in conversation]) == "same"
    assert not any("data" in chunk for chunk in made["chunks"])


def test_off_saves_nothing() -> None:
    assert build(turns(3), save_state="off") == {}


def test_a_stricter_save_state_leaves_nothing_of_the_looser_one() -> None:
    conversation = turns(4, tool_every=2)
    full = build(conversation)
    assert build(conversation, full, "no_tool_output") == build(conversation, None, "no_tool_output")
    assert build(conversation, full, "pointer") == build(conversation, None, "pointer")


@pytest.mark.parametrize("spoil", ["session", "order", "chunk", "shape"])
def test_chunks_of_another_conversation_are_not_carried_on(spoil: str) -> None:
    conversation = turns(4)
    previous: dict[str, Any] = build(conversation[:3])
    if spoil == "session":
        other = dataclasses.replace(META, session_id=NOTEBOOK)
        previous = build_envelope(
            other, conversation[:3], previous=None, save_state="full", max_bytes=2**21, keys=[KEY]
        )
    elif spoil == "order":
        previous["chunks"].reverse()
    elif spoil == "chunk":
        previous["chunks"][1]["data"][0] = "AAAA" + previous["chunks"][1]["data"][0][4:]
    else:
        previous = {"schema": 1, "chunks": 5}
    assert build(conversation, previous) == build(conversation)


def test_chunks_that_another_signed_are_not_signed_by_us() -> None:
    conversation = turns(3)
    lies = dataclasses.replace(conversation[1], entries=(("", b'{"type":"user","lie":true}'),))
    forged = build_envelope(
        META, [conversation[0], lies], previous=None, save_state="full", max_bytes=2**21, keys=[OTHER_KEY]
    )
    assert compare(read_envelope(forged), [turn.chain for turn in conversation[:2]]) == "same"
    assert build(conversation, forged) == build(conversation)
    assert build(conversation, {**forged, "signatures": []}) == build(conversation)


def test_subagents_keep_their_own_transcripts() -> None:
    (turn,) = turns(1)
    main, sub = turn.entries[:2], ("subagents/agent-1", b'{"type":"user","uuid":"s"}')
    mixed = dataclasses.replace(
        turn, entries=(main[0], sub, main[1], ("../escape", b"{}"), ("", b"[1]"), ("", b"{\n}"))
    )
    saved = read_envelope(build([mixed]))
    assert transcript_of(saved) == [main[0], main[1], ("", b"{}"), sub]


def test_comparison_with_the_journal() -> None:
    conversation = turns(4)
    chain = [turn.chain for turn in conversation]
    saved = read_envelope(build(conversation[:3]))
    assert compare(saved, chain[:3]) == "same"
    assert compare(saved, chain) == "older"
    assert compare(saved, chain[:2]) == "newer"
    assert compare(saved, [*chain[:2], "x" * 22]) == "diverged"
    assert compare(saved, ["x" * 22]) == "diverged"
    assert compare(saved, []) == "unknown"
    assert compare(read_envelope(build([])), chain) == "older"


def test_sums_are_whole_numbers() -> None:
    meta = dataclasses.replace(META, cost=Cost(micro_usd=123_456, output_tokens=7))
    made = build_envelope(meta, [], previous=None, save_state="full", max_bytes=2**21, keys=[KEY])
    assert read_envelope(made).meta.cost == Cost(micro_usd=123_456, output_tokens=7)


def test_the_samples_are_what_the_agent_really_wrote() -> None:
    session, recorded_turns = recorded()
    assert session == SESSION
    assert [len(turn) > 2 for turn in recorded_turns] == [True] * 4
    assert any(b"toolUseResult" in entry for _, entry in recorded_turns[2])
