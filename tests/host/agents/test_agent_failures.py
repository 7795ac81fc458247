"""What goes wrong with one notebook's agent stays with it, and leaves nothing stuck."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from house import House, OpenHouse, Talk

from jupyter_agent_host.errors import JournalError, SandboxError, SandboxGoneError, TurnError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.sandboxes.sandbox_connection import LiveSandbox
from jupyter_agent_host.protocol.control import CarryWanted, Interrupt, Outbox, RunnerFrame, TurnEvent, encode_frame
from jupyter_agent_host.protocol.events import TextDelta, ToolCall

pytestmark = pytest.mark.anyio


def agent_of(house: House, talk: Talk) -> NotebookAgent:
    return house.manager._drivers[talk.accepted.notebook_id].agent


def live_of(house: House, talk: Talk) -> LiveSandbox:
    live = agent_of(house, talk).live
    assert live is not None
    return live


async def until(house: House, talk: Talk, kind: type) -> None:
    async for record in house.events(talk):
        if isinstance(record.event, kind):
            return


def lie(live: LiveSandbox, frame: RunnerFrame, times: int = 1) -> None:
    """Let a hostile program in the runner's place say this next."""
    socket: Any = live.channel._socket
    honest, left = socket.receive, [encode_frame(frame)] * times

    async def receive() -> bytes:
        return left.pop() if left else await honest()

    socket.receive = receive


async def test_an_item_that_is_not_the_next_one_is_dropped(open_house: OpenHouse, tmp_path: Path) -> None:
    async with open_house() as house:
        other = house.ref(notebook=tmp_path / "project" / "other.ipynb")
        neighbour, talk = await house.begin("slow please", ref=other), await house.begin("slow please")
        await until(house, talk, TextDelta)
        event = TurnEvent(
            session_id=talk.accepted.session_id,
            turn_id=talk.accepted.turn_id,
            event=TextDelta(message_id="m", text="x"),
        )
        for number in (2**70, 1, -1):
            lie(live_of(house, talk), Outbox(number=number, item=event))
        await house.finish(talk)
        assert talk.ended.status == "completed"
        assert "m" not in {delta.message_id for delta in talk.of(TextDelta)}
        await house.finish(neighbour)
        assert neighbour.ended.status == "completed"
        assert (await house.ask("hello")).ended.status == "completed"


async def test_a_runner_that_asks_without_end_is_hung_up_on(open_house: OpenHouse) -> None:
    async with open_house() as house:
        talk = await house.begin("slow please")
        await until(house, talk, TextDelta)
        channel = live_of(house, talk).channel
        hello = channel.hello
        lie(live_of(house, talk), CarryWanted(carry_id="0" * 32), times=100_000)
        await house.finish(talk)
        assert channel.hello is not hello, "the connection was not made anew"
        assert channel._asked == 0 or live_of(house, talk).channel is channel


async def test_nobody_waits_for_a_connection_that_nobody_makes_any_more(open_house: OpenHouse) -> None:
    async with open_house() as house:
        talk = await house.ask("hello")
        live = live_of(house, talk)
        await live.sandbox.destroy()
        with anyio.fail_after(20):
            await live.gone.wait()
            with pytest.raises(SandboxGoneError):
                await live.channel.send(Interrupt(session_id=talk.accepted.session_id))


async def test_two_that_stop_at_once_both_come_back(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await house.ask("hello")
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(house.do, "stop")
                tasks.start_soon(house.do, "stop")
        assert (await house.info()).state == "stopped"


async def test_a_new_conversation_leaves_no_old_client_in_the_sandbox(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await house.ask("hello")
        await house.ask("hello", new=True)
        talk = await house.ask("hello", new=True)
        with anyio.fail_after(10):
            while len(live_of(house, talk)._open_sessions()) > 1:  # noqa: ASYNC110 - a status frame tells, nobody else
                await anyio.sleep(0.05)
        assert live_of(house, talk)._open_sessions() == {talk.accepted.session_id}


async def test_a_journal_that_refuses_for_a_while_delays_a_turns_end_and_loses_no_agent(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        talk = await house.begin("sleep in the box")
        await until(house, talk, ToolCall)
        journal, live = house.manager.services.journal, live_of(house, talk)
        write = journal.write

        async def full(items: Any) -> Any:
            raise JournalError("The disk is full.")

        monkeypatch.setattr(journal, "write", full)
        await live.sandbox.destroy()
        with anyio.fail_after(20):
            await live.gone.wait()
            await anyio.sleep(1.5)
        monkeypatch.setattr(journal, "write", write)
        await house.finish(talk)
        assert talk.ended.status == "error"
        assert (await house.ask("hello again")).ended.status == "completed"


async def test_a_sandbox_that_its_engine_does_not_end_is_left_to_the_next_start(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        talk = await house.ask("hello")
        live = live_of(house, talk)

        async def gone_engine() -> None:
            raise SandboxError("The engine does not answer.")

        with monkeypatch.context() as patched:
            patched.setattr(live.sandbox, "destroy", gone_engine)
            await house.do("stop")
        rows = await house.manager.services.journal.sandboxes()
        assert [row.sandbox_id for row in rows] == [live.sandbox.id]
        assert (await house.ask("hello again")).ended.status == "completed"
        await live.sandbox.destroy()


async def test_a_provider_with_a_bug_fails_the_turn_in_words(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        provider = (await house.manager.services.choose()).provider

        async def broken(_spec: object) -> None:
            raise ValueError("a plug-in's own trouble")

        with monkeypatch.context() as patched:
            patched.setattr(provider, "create", broken)
            talk = await house.ask("hello")
        assert talk.ended.error_code == "internal"
        assert (await house.ask("hello again")).ended.status == "completed"


async def test_a_callback_that_fails_costs_no_agent(open_house: OpenHouse) -> None:
    async with open_house() as house:

        def fail(*_: object) -> None:
            raise ValueError("a door's own trouble")

        house.manager.on_envelope(fail)
        assert (await house.ask("hello")).ended.status == "completed"
        assert (await house.ask("hello again")).ended.status == "completed"


async def test_a_door_that_hangs_up_while_its_prompt_is_accepted_leaves_no_turn_unserved(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await house.info()
        with anyio.CancelScope() as hung_up:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(house.begin, "hello")
                journal = house.manager.services.journal
                while not await journal.turns((await house.info()).session_id):
                    await anyio.lowlevel.checkpoint()
                hung_up.cancel()
        talk = await house.ask("recall")
        assert "hello" in talk.ended.text


async def test_a_host_that_goes_down_takes_no_prompt(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await house.ask("hello")
    with pytest.raises(TurnError, match="going down"):
        await house.begin("too late")
