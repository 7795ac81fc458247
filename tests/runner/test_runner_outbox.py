"""The outbox, and what it does with what no JSON likes."""

from __future__ import annotations

import json

import anyio
import msgspec
import pytest

from jupyter_agent_host.protocol.control import Append, TurnEvent, decode_runner_frame
from jupyter_agent_host.protocol.control import Outbox as OutboxFrame
from jupyter_agent_host.protocol.events import AnyEvent, AssistantText, TextDelta, ToolCall
from jupyter_agent_host.protocol.limits import MAX_FRAME_BYTES, MIB
from jupyter_agent_host.runner.connection.outbox import Outbox
from jupyter_agent_host.runner.connection.outbox_encoding import appends
from jupyter_agent_host.runner.translation.delta_merger import Delta, DeltaMerger

pytestmark = pytest.mark.anyio


def event(payload: AnyEvent) -> TurnEvent:
    return TurnEvent(session_id="s", turn_id="t", event=payload)


def delta(text: str = "x") -> TurnEvent:
    return event(TextDelta(message_id="m", text=text))


def read(frame: bytes | None) -> OutboxFrame:
    assert frame is not None
    decoded = decode_runner_frame(frame)
    assert isinstance(decoded, OutboxFrame)
    return decoded


def fresh(max_bytes: int = MIB) -> Outbox:
    return Outbox(max_bytes, lambda: None)


def test_items_are_numbered_from_1_and_dropped_when_acknowledged() -> None:
    outbox = fresh()
    assert (outbox.first, outbox.last) == (1, 0)
    for text in "abc":
        outbox.put(delta(text))
    assert [read(outbox.frame(number)).number for number in (1, 2, 3)] == [1, 2, 3]
    outbox.acknowledge(2)
    assert (outbox.first, outbox.last, len(outbox)) == (3, 3, 1)
    assert read(outbox.frame(1)).number == 3, "what is gone cannot be sent again"
    assert outbox.frame(4) is None
    outbox.acknowledge(1_000)
    assert (outbox.first, outbox.last, outbox.size_bytes) == (4, 3, 0)
    outbox.put(delta("d"))
    assert read(outbox.frame(4)).number == 4


def test_past_the_limit_only_deltas_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    outbox = fresh(max_bytes=2_000)
    for _ in range(100):
        outbox.put(delta("x" * 100))
    held = len(outbox)
    outbox.put(event(AssistantText(message_id="m", text="x" * 10_000)))
    outbox.put(delta())
    assert held < 20
    assert len(outbox) == held + 1
    assert read(outbox.frame(outbox.last)).number == outbox.last
    assert len([record for record in caplog.records if "dropped" in record.message]) == 1


async def test_drained_waits_for_the_last_acknowledgement() -> None:
    outbox = fresh()
    outbox.put(delta())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(outbox.drained)
        await anyio.sleep(0.01)
        outbox.acknowledge(1)
    await outbox.drained()


def test_half_surrogate_pairs_and_huge_integers_arrive() -> None:
    outbox = fresh()
    call = ToolCall(tool_use_id="t", name="Bash", input={"command": "\ud83d cut", "number": 2**70})
    outbox.put(event(call))
    item = json.loads(outbox.frame(1) or b"")["item"]
    assert item["event"]["input"] == {"command": "\ufffd cut", "number": 2**70}
    (append,) = appends("s", "", [{"uuid": "u", "text": "\udc00"}])
    outbox.put(append)
    read_back = read(outbox.frame(2)).item
    assert isinstance(read_back, Append)
    assert msgspec.json.decode(read_back.entries[0]) == {"uuid": "u", "text": "\ufffd"}


def test_many_entries_are_split_and_a_giant_one_is_cut_but_keeps_its_place() -> None:
    entries = [{"uuid": str(number), "parentUuid": str(number - 1), "text": "x" * MIB} for number in range(10)]
    giant = {"uuid": "10", "parentUuid": "9", "message": {"content": ["y" * (MAX_FRAME_BYTES + 1)]}}
    outbox = fresh()
    for append in appends("s", "sub", [*entries, giant]):
        outbox.put(append)
    items = [read(outbox.frame(number)).item for number in range(1, outbox.last + 1)]
    back = [msgspec.json.decode(entry) for item in items if isinstance(item, Append) for entry in item.entries]
    assert len(items) > 2
    assert back[:10] == entries
    assert (back[10]["uuid"], back[10]["parentUuid"]) == ("10", "9")
    assert "[cut: " in back[10]["message"]["content"][0]


def test_an_event_too_large_for_any_frame_is_cut() -> None:
    outbox = fresh(max_bytes=64 * MIB)
    outbox.put(event(ToolCall(tool_use_id="t", name="Write", input={"content": "z" * (MAX_FRAME_BYTES + 1)})))
    item = read(outbox.frame(1)).item
    assert isinstance(item, TurnEvent)
    assert isinstance(item.event, ToolCall)
    assert "[cut: " in item.event.input["content"]


async def test_deltas_are_merged_to_50_a_second_and_none_is_lost() -> None:
    emitted: list[Delta] = []
    merger = DeltaMerger(emitted.append)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(merger.run)
        merger.add(TextDelta, "m", "0")
        assert [each.text for each in emitted] == ["0"], "the first word is not held back"
        for number in range(1, 400):
            merger.add(TextDelta, "m", f" {number}")
            await anyio.sleep(0.001)
        await anyio.sleep(0.05)
        tasks.cancel_scope.cancel()
    assert "".join(each.text for each in emitted) == " ".join(str(number) for number in range(400))
    assert len(emitted) < 200


async def test_text_of_two_messages_is_never_merged() -> None:
    emitted: list[Delta] = []
    merger = DeltaMerger(emitted.append)
    for message_id in ("a", "a", "b", "b"):
        merger.add(TextDelta, message_id, message_id)
    merger.flush()
    assert [(each.message_id, each.text) for each in emitted] == [("a", "a"), ("a", "a"), ("b", "bb")]
