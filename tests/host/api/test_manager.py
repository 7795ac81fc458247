"""The host, end to end: turns, the conversation's memory, files, interruption, idling, errors."""

from __future__ import annotations

import time
from pathlib import Path

import anyio
import pytest
from house import House, OpenHouse

from jupyter_agent_host.errors import EnvelopeUntrustedError, PromptTooLargeError, UnknownNotebookError
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.protocol.events import FilesChanged, SandboxState, TextDelta, ToolCall, ToolResult
from jupyter_agent_host.protocol.host_api import Cost, History, HistoryRequest, PromptRequest, Simple, TrustRequest

pytestmark = pytest.mark.anyio


async def test_a_turn_streams_and_a_second_one_remembers(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.ask("hello there")
        assert first.ended.status == "completed"
        assert first.ended.text == first.delta_text == "Scripted: hello there"
        assert [event.state for event in first.of(SandboxState)][:2] == ["starting", "ready"]
        second = await house.ask("recall")
        assert "hello there" in second.ended.text
        assert not [event for event in second.of(SandboxState) if event.state == "starting"]
        numbers = [record.number for record in [*first.records, *second.records]]
        assert numbers == sorted(set(numbers))


async def test_files_reach_the_notebooks_folder(open_house: OpenHouse) -> None:
    async with open_house() as house:
        talk = await house.ask("write a file")
        assert (house.notebook.parent / "answer.txt").read_text() == "forty-two\n"
        assert [file.path for event in talk.of(FilesChanged) for file in event.files] == ["answer.txt"]
        assert talk.of(ToolCall)[0].input["command"].startswith("echo forty-two")
        assert "done" in talk.of(ToolResult)[0].text
        assert talk.ended.cost_usd > 0


async def test_an_interrupt_ends_the_turn_within_a_second_and_the_session_lives_on(open_house: OpenHouse) -> None:
    async with open_house() as house:
        talk = await house.begin("slow please")
        async for record in house.events(talk):
            if isinstance(record.event, TextDelta):
                break
        began = time.monotonic()
        assert (await house.do("interrupt")).ok
        await house.finish(talk)
        assert time.monotonic() - began < 1.0
        assert talk.ended.status == "interrupted"
        assert "slow please" in (await house.ask("recall")).ended.text


async def test_an_interrupt_before_the_sandbox_is_up_ends_the_turn(open_house: OpenHouse) -> None:
    async with open_house() as house:
        talk = await house.begin("hello")
        await house.do("interrupt")
        await house.finish(talk, seconds=10)
        assert talk.ended.status == "interrupted"
        assert (await house.ask("hello again")).ended.status == "completed"


async def test_an_idle_sandbox_goes_and_the_next_prompt_resumes(open_house: OpenHouse) -> None:
    async with open_house(idle_timeout=0.5) as house:
        await house.ask("hello there")
        with anyio.fail_after(20):
            while (await house.info()).state != "stopped":  # noqa: ASYNC110 - nothing tells a caller of `status`
                await anyio.sleep(0.1)
        talk = await house.ask("recall")
        assert "hello there" in talk.ended.text
        assert "your sandbox is a new one" in house.last_messages()


async def test_a_new_host_on_the_same_data_goes_on(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await house.ask("hello there")
    async with open_house() as house:
        assert "hello there" in (await house.ask("recall")).ended.text


async def test_the_notebook_alone_carries_the_conversation_to_another_machine(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    async with open_house() as house:
        talk = await house.ask("hello there")
        envelope = await house.manager.flush(talk.accepted.notebook_id)
    assert envelope is not None
    async with open_house(machine="two", project=tmp_path / "elsewhere") as house:
        ref = house.ref(envelope)
        assert (await house.info(envelope=envelope)).trust == "foreign"
        with pytest.raises(EnvelopeUntrustedError, match="%agent trust"):
            await house.ask("recall", ref=ref)
        assert house.model.requests == []
        history = await house.manager.call(ref, "history", HistoryRequest())
        assert isinstance(history, History)
        assert [turn.prompt for turn in history.turns] == ["hello there"]
        await house.do("trust", TrustRequest(), envelope=envelope)
        assert "hello there" in (await house.ask("recall", ref=ref)).ended.text
        assert "hello there" in house.last_messages()


async def test_a_copied_notebook_goes_its_own_way(open_house: OpenHouse) -> None:
    async with open_house() as house:
        house.notebook.write_text("{}")
        talk = await house.ask("hello there")
        envelope = await house.manager.flush(talk.accepted.notebook_id)
        copy = house.ref(envelope, house.notebook.with_name("copy.ipynb"))
        forked = await house.ask("recall", ref=copy)
        assert "hello there" in forked.ended.text
        assert forked.accepted.notebook_id != talk.accepted.notebook_id
        assert forked.accepted.session_id != talk.accepted.session_id
        assert "recall" not in (await house.ask("what else? recall")).ended.text.replace("what else? recall", "")


async def test_fork_and_new_leave_the_old_conversation_alone(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.ask("alpha")
        forked = await house.ask("recall", fork=True)
        assert "alpha" in forked.ended.text
        assert forked.accepted.session_id != first.accepted.session_id
        fresh = await house.ask("recall", new=True)
        assert "alpha" not in fresh.ended.text


async def test_eight_prompts_at_once_make_one_sandbox(open_house: OpenHouse) -> None:
    async with open_house() as house:
        talks = [await house.begin(f"number {index}") for index in range(8)]
        for talk in talks:
            await house.finish(talk)
        assert [talk.ended.text for talk in talks] == [f"Scripted: number {index}" for index in range(8)]
        starts = [event for talk in talks for event in talk.of(SandboxState) if event.state == "starting"]
        assert len(starts) == 1


async def test_two_notebooks_never_mix(open_house: OpenHouse, tmp_path: Path) -> None:
    async with open_house() as house:
        other = house.ref(notebook=tmp_path / "project" / "other.ipynb")
        mine, theirs = await house.begin("only mine"), await house.begin("only theirs", ref=other)
        await house.finish(mine)
        await house.finish(theirs)
        assert "theirs" not in (await house.ask("recall")).ended.text
        assert "mine" not in (await house.ask("recall", ref=other)).ended.text


async def test_once_shows_the_earlier_answer_and_asks_nobody(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.ask("count the rows", cell_id="c1", once=True)
        asked = len(house.model.requests)
        again = await house.ask("count the rows", cell_id="c1", once=True)
        assert again.accepted.answered
        assert again.ended == first.ended
        assert len(house.model.requests) == asked
        other_cell = await house.ask("count the rows", cell_id="c2", once=True)
        assert not other_cell.accepted.answered


async def test_once_counts_for_a_cell_that_begins_a_conversation_only_if_its_answer_did(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.ask("begin", cell_id="c1", once=True, new=True)
        again = await house.ask("begin", cell_id="c1", once=True, new=True)
        assert again.accepted.answered
        assert again.accepted.session_id == first.accepted.session_id
        await house.ask("go on", cell_id="c2")
        later = await house.ask("go on", cell_id="c2", once=True, new=True)
        assert not later.accepted.answered, "its answer was given in the middle of a conversation"


async def stored(house: House, session_id: str) -> bytes:
    return b"".join(entry for _, entry in await house.manager.services.journal.transcript(session_id))


async def test_a_killed_sandbox_is_reported_and_the_next_prompt_resumes(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await house.ask("hello there")
        talk = await house.begin("sleep in the box")
        async for record in house.events(talk):
            if isinstance(record.event, ToolCall):
                break
        agent = (await house.manager.list())[0]
        with anyio.fail_after(10):  # the CLI hands its transcript over in batches; what it still holds dies with it
            while b"sleep in the box" not in await stored(house, agent.session_id):  # noqa: ASYNC110 - nothing tells
                await anyio.sleep(0.1)
        live = house.manager._drivers[agent.notebook_id].agent.live
        assert live is not None
        await live.sandbox.destroy()
        await house.finish(talk)
        assert talk.ended.status == "error"
        assert "new sandbox" in talk.ended.error
        recalled = await house.ask("recall")
        assert "hello there" in recalled.ended.text
        assert "sleep in the box" in recalled.ended.text


async def test_an_upstream_error_is_one_plain_sentence(open_house: OpenHouse) -> None:
    async with open_house() as house:
        talk = await house.ask("no money")
        assert talk.ended.status == "error"
        assert "Traceback" not in talk.ended.error
        assert len(talk.ended.error) > 10
        assert (await house.ask("hello")).ended.status == "completed"


async def test_a_budget_stops_the_next_turn(open_house: OpenHouse) -> None:
    async with open_house(max_budget_usd=0.00001) as house:
        await house.ask("hello")
        asked = len(house.model.requests)
        talk = await house.ask("hello again")
        assert len(house.model.requests) == asked
        assert talk.ended.status == "budget"
        assert "budget" in talk.ended.error.lower()
        total = await house.manager.call(house.ref(), "cost", Simple())
        assert isinstance(total, Cost)
        assert total.cost_usd > 0


async def test_stop_ends_the_sandbox_and_keeps_the_session(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await house.ask("hello there")
        await house.do("stop")
        assert (await house.info()).state == "stopped"
        assert "hello there" in (await house.ask("recall")).ended.text


async def test_bad_input_is_refused_in_words(open_house: OpenHouse) -> None:
    async with open_house() as house:
        with pytest.raises(PromptTooLargeError, match="file beside"):
            await house.begin("x" * 3_000_000)
        with pytest.raises(UnknownNotebookError):
            await house.manager.call(NotebookRef(), "prompt", PromptRequest(prompt="hi"))
        assert (await house.ask("x" * 1_000_000)).ended.status == "completed"


async def test_a_corrupt_envelope_costs_nothing_but_itself(open_house: OpenHouse) -> None:
    async with open_house() as house:
        bad = {"schema": 1, "chunks": "nonsense"}
        ref = house.ref(bad)
        assert (await house.ask("hello", ref=ref)).ended.status == "completed"
        info = await house.info(envelope=bad)
        kept = await house.manager.services.journal.aside(info.notebook_id)
        assert b"nonsense" in kept[0].data


async def test_the_key_is_nowhere_in_the_sandbox(open_house: OpenHouse) -> None:
    script = {
        "rules": [
            {
                "when": {"prompt": "look"},
                "steps": [
                    {
                        "tools": [
                            {
                                "name": "Bash",
                                "input": {"command": "env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'"},
                            }
                        ]
                    },
                    {"say": "looked"},
                ],
            }
        ]
    }
    async with open_house(script=script) as house:
        talk = await house.ask("look around")
        assert "ANTHROPIC_BASE_URL" in talk.of(ToolResult)[0].text
        assert "sk-test-secret" not in str(talk.records)
        assert any("sk-test-secret" in str(request.headers) for request in house.model.requests)
