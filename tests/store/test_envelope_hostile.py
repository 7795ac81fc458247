"""A notebook is written by anybody: reading it is bounded, and ends in a sentence."""

from __future__ import annotations

import base64
import copy
import json
import re
import time
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_samples import KEY, META, turns

from jupyter_agent_host.errors import EnvelopeCorruptError
from jupyter_agent_host.store.envelope.envelope import (
    Envelope,
    ReadLimits,
    build_envelope,
    history_of,
    read_envelope,
    transcript_of,
    verify,
)
from jupyter_agent_host.store.envelope.envelope_model import Chunk
from jupyter_agent_host.store.envelope.envelope_reader import chunk_digest
from jupyter_agent_host.store.envelope.turn_chunks import pack

MIB = 1024 * 1024
GOOD = build_envelope(META, turns(3), previous=None, save_state="full", max_bytes=2**21, keys=[KEY])


def with_chunks(*data: list[str]) -> dict[str, Any]:
    """An envelope whose digests hold, around any data at all."""
    head, made = "", []
    for lines, source in zip(data, GOOD["chunks"], strict=False):
        chunk = Chunk(turn=source["turn"], chain=source["chain"], digest="", data=tuple(lines))
        head = chunk_digest(head, chunk)
        made.append({**source, "data": lines, "digest": head})
    return {**GOOD, "chunks": made, "head": head}


def refusal(data: object) -> str:
    start = time.process_time()
    with pytest.raises(EnvelopeCorruptError) as caught:
        read_envelope(data)
    assert time.process_time() - start < 2
    sentence = str(caught.value)
    assert len(sentence) < 500
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"session_id": "../../../etc/passwd"}, r"malformed.*session_id"),
        ({"session_id": None}, r"malformed.*session_id"),
        ({"notebook_id": "a" * 10_000}, r"malformed.*notebook_id"),
        ({"schema": 2}, r"newer version .*format 2; this one knows 1\): upgrade"),
        ({"schema": "1"}, r"malformed"),
        ({"model": "m" * 300}, r"malformed.*model"),
        ({"save_state": "everything"}, r"malformed.*save_state"),
        ({"chunks": "AAAA"}, r"malformed.*chunks"),
        ({"chunks": [{"turn": "../x"}]}, r"malformed"),
        ({"cost": {"micro_usd": -1}}, r"malformed.*micro_usd"),
        ({"cost": {"micro_usd": 10**400}}, r"malformed"),
        ({"signatures": {"key_id": "x"}}, r"malformed.*signatures"),
        ({"signatures": [{"key_id": "x" * 10**6, "alg": "a", "value": "v"}]}, r"malformed"),
        ({"head": "A" * 22}, r"last turns are missing"),
        ({"chunks": GOOD["chunks"][:2]}, r"last turns are missing"),
        ({"chunks": GOOD["chunks"][1:]}, r"turn 1 was altered"),
        ({"chunks": [*GOOD["chunks"][:1], *GOOD["chunks"][2:]]}, r"turn 2 was altered"),
        ({"extra": "\ud800"}, r"not Unicode"),
        ({"extra": {1: 2}}, r"not JSON"),
        ({"extra": {1, 2}}, r"not JSON"),
    ],
)
def test_another_shape_is_refused_with_a_reason(change: dict[str, Any], says: str) -> None:
    assert re.search(says, refusal({**GOOD, **change}))


@pytest.mark.parametrize("data", [None, [], "envelope", 5, {}, {"schema": 1}, b"bytes"])
def test_no_envelope_at_all(data: object) -> None:
    assert refusal(data)


def test_names_from_the_future_are_ignored_but_signed() -> None:
    saved = read_envelope({**GOOD, "colour": "blue"})
    assert saved.meta == META
    assert verify(saved, [KEY]) == "corrupt"
    assert verify(read_envelope({**GOOD, "fraction": 0.5}), [KEY]) == "corrupt"


def test_fifty_megabytes_are_answered_at_once() -> None:
    big = {**GOOD, "chunks": [{**GOOD["chunks"][0], "data": ["A" * 512] * (50 * MIB // 512)}]}
    assert "larger than 16 MiB" in refusal(big)
    assert "larger than 16 MiB" in refusal({**GOOD, "extra": "A" * 50 * MIB})
    assert "holds more than" in refusal({**GOOD, "extra": [[]] * 5_000_000})
    many = {f"{number}": number for number in range(200_000)}
    assert "holds more than" in refusal({**GOOD, "extra": many})


def test_a_deep_value_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert "nested more than" in refusal({**GOOD, "extra": deep})
    while deep:  # taken apart by hand: freeing it in one go would exhaust the stack
        deep = deep[0]


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zlib.compressobj(1)
    packed = b"".join(bomb.compress(bytes(MIB)) for _ in range(256)) + bomb.flush()
    data = base64.b64encode(packed).decode()
    assert len(data) < 2 * MIB
    tracemalloc.start()
    try:
        assert "unpacks to more than is allowed" in refusal(with_chunks([data]))
        assert tracemalloc.get_traced_memory()[1] < 200 * MIB
    finally:
        tracemalloc.stop()


def test_many_small_bombs_share_one_allowance() -> None:
    first = b'{"turn_id":"%s","session_id":"s","prompt":"","prompt_digest":""}' % GOOD["chunks"][0]["turn"].encode()
    second = first.replace(GOOD["chunks"][0]["turn"].encode(), GOOD["chunks"][1]["turn"].encode())
    padding = b"\n" + b'{"a":"' + bytes(0).ljust(40 * MIB, b"x") + b'"}'
    made = with_chunks(pack(first + padding, b""), pack(second + padding, (first + padding)[-32 * 1024 :]))
    assert "turn 2 unpacks to more than is allowed" in refusal(made)


@pytest.mark.parametrize("line", [b"", b"{}", b'{"a":"\\ud800"}', b'"a"'])
def test_entries_without_end_are_not_taken_apart(line: bytes) -> None:
    turn = GOOD["chunks"][0]["turn"].encode()
    summary = b'{"turn_id":"%s","session_id":"s","prompt":"","prompt_digest":""}' % turn
    made = with_chunks(pack(summary + (b"\n" + line) * (40 * MIB // (len(line) + 1)), b""))
    assert len(json.dumps(made)) < MIB
    tracemalloc.start()
    try:
        assert "holds more entries than are allowed" in refusal(made)
        assert tracemalloc.get_traced_memory()[1] < 200 * MIB
    finally:
        tracemalloc.stop()


def test_many_chunks_share_one_allowance_of_entries() -> None:
    data, window = [], b""
    for chunk in GOOD["chunks"]:
        summary = b'{"turn_id":"%s","session_id":"s","prompt":"","prompt_digest":""}' % chunk["turn"].encode()
        data.append(pack(summary + b"\n{}" * 90_000, window))
        window = (summary + b"\n{}" * 90_000)[-32 * 1024 :]
    assert "turn 3 holds more entries than are allowed" in refusal(with_chunks(*data))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not made of turns"),
        (b"[]", "is not made of turns"),
        (b'{"turn_id":"other","session_id":"s","prompt":"","prompt_digest":""}', "belongs to another turn"),
        (b"%s\n[]", "holds an entry that is no object"),
        (b"%s\nnull", "holds an entry that is no object"),
        (b"%s\n" + b"[" * 100_000, "holds an entry that is no object"),
        (b'%s\n{"a":' + b"[" * 100_000, "holds an entry that is no object"),
        (b'%s\n"../../escape"\n{}', "names a transcript that cannot be"),
        (b'%s\n"a/../b"\n{}', "names a transcript that cannot be"),
        (b'%s\n"/etc/passwd"\n{}', "names a transcript that cannot be"),
        (b'%s\n{"a":NaN}', "holds an entry that is no object"),
        (b'%s\n{"a":"\xff"}', "is not made of turns"),
    ],
)
def test_content_that_is_no_turn_is_refused(content: bytes, says: str) -> None:
    summary = json.dumps(
        {"turn_id": GOOD["chunks"][0]["turn"], "session_id": "s", "prompt": "", "prompt_digest": ""}
    ).encode()
    assert says in refusal(with_chunks(pack(content.replace(b"%s", summary), b"")))


def test_a_summary_is_bounded() -> None:
    summary = {"turn_id": GOOD["chunks"][0]["turn"], "session_id": "s", "prompt": "x" * 10_000, "prompt_digest": ""}
    assert "summary that is too long" in refusal(with_chunks(pack(json.dumps(summary).encode(), b"")))


@pytest.mark.parametrize("lines", [["%%%%"], ["AAAA"], ["A"], ["", ""], ["ä"]])
def test_damaged_data_is_refused(lines: list[str]) -> None:
    assert "damaged" in refusal(with_chunks(lines))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([1, "", "full", "A" * 22]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*GOOD, "turn", "data"]), inner),
    max_leaves=20,
)


@settings(max_examples=300, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.dictionaries(st.sampled_from(list(GOOD)), JSON, max_size=4), data=JSON)
def test_any_json_is_read_or_refused(changes: dict[str, Any], data: object) -> None:
    for candidate in (data, {**GOOD, **changes}):
        try:
            saved = read_envelope(candidate)
        except EnvelopeCorruptError:
            continue
        assert_usable(saved)


@settings(max_examples=300, deadline=2000)
@given(chunk=st.integers(0, 2), position=st.integers(0, 10_000), byte=st.binary(min_size=1, max_size=40))
def test_any_bytes_in_a_chunk_are_read_or_refused(chunk: int, position: int, byte: bytes) -> None:
    data = [list(part["data"]) for part in GOOD["chunks"]]
    packed = bytearray(base64.b64decode("".join(data[chunk])))
    packed[position % len(packed) :][: len(byte)] = byte
    spot = position % len(packed)
    packed[spot : spot + len(byte)] = byte
    data[chunk] = [base64.b64encode(bytes(packed)).decode()]
    try:
        saved = read_envelope(with_chunks(*data), limits=ReadLimits(max_unpacked_bytes=MIB))
    except EnvelopeCorruptError:
        return
    assert_usable(saved)


def assert_usable(saved: Envelope) -> None:
    assert verify(saved, [KEY]) in ("own", "foreign", "unsigned", "corrupt")
    assert all(isinstance(json.loads(entry), dict) for _, entry in transcript_of(saved))
    assert len(json.dumps([summary.text for summary in history_of(saved)])) < 16 * MIB


def test_reading_changes_nothing() -> None:
    before = copy.deepcopy(GOOD)
    read_envelope(GOOD)
    assert before == GOOD
