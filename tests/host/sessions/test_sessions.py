"""Sessions of one notebook: listed, named, resumed, forked from any turn, taken out of the file. Real runner."""

from __future__ import annotations

import anyio
import pytest
from house import House, OpenHouse

from jupyter_agent_host.errors import TurnError, UnknownSessionError, UnknownTurnError
from jupyter_agent_host.protocol.events import EventRecord, TurnEnded, TurnStarted
from jupyter_agent_host.protocol.host_api import (
    CancelRequest,
    ContextUse,
    ForkRequest,
    History,
    HistoryRequest,
    ModelList,
    RenameRequest,
    ResumeRequest,
    SessionList,
    Simple,
    TurnsPage,
    TurnsRequest,
)
from jupyter_agent_host.store.journal.rows import TurnRow

pytestmark = pytest.mark.anyio


async def _history(house: House) -> list[str]:
    answer = await house.manager.call(house.ref(), "history", HistoryRequest())
    assert isinstance(answer, History)
    return [turn.prompt for turn in answer.turns]


async def _sessions(house: House) -> SessionList:
    answer = await house.manager.call(house.ref(), "sessions", Simple())
    assert isinstance(answer, SessionList)
    return answer


async def _context(house: House) -> ContextUse:
    answer = await house.manager.call(house.ref(), "context", Simple())
    assert isinstance(answer, ContextUse)
    return answer


async def test_a_fork_from_a_turn_knows_what_came_before_it_and_no_more(open_house: OpenHouse) -> None:
    async with open_house() as house:
        one = await house.ask("remember apple")
        two = await house.ask("remember pear")
        original = two.accepted.session_id
        await house.do("rename", RenameRequest(title=" Fruit\n\x1b[31m talk "))
        assert (await house.info()).title == "Fruit [31m talk"

        await house.do("fork", ForkRequest(turn_id=one.accepted.turn_id))
        assert await _history(house) == ["remember apple"]
        page = await house.manager.call(house.ref(), "turns", TurnsRequest())
        assert isinstance(page, TurnsPage)
        assert b"pear" not in b"".join(bytes(record) for record in page.records)
        recalled = await house.ask("recall")
        assert "apple" in recalled.ended.text
        assert "pear" not in recalled.ended.text
        assert await _history(house) == ["remember apple", "recall"]

        # A fork of a fork that never spoke still ends at the same turn; the first one is untouched.
        await house.do("fork", ForkRequest(turn_id=one.accepted.turn_id))
        await house.do("fork", ForkRequest())
        again = await house.ask("recall")
        assert "pear" not in again.ended.text

        listed = (await _sessions(house)).sessions
        assert {each.session_id: each.turns for each in listed} == {
            again.accepted.session_id: 2,
            recalled.accepted.session_id: 2,
            original: 2,
        }
        assert [each.current for each in listed] == [True, False, False]
        assert listed[-1].title == "Fruit [31m talk"
        assert listed[-1].first_prompt == "remember apple"
        assert listed[0].cost_usd > 0

        await house.do("resume", ResumeRequest(session_id=original))
        assert await _history(house) == ["remember apple", "remember pear"]
        back = await house.ask("recall")
        assert back.accepted.session_id == original
        assert "pear" in back.ended.text
        envelope = house.manager.envelope((await house.info()).notebook_id)
        assert envelope is not None
        assert envelope["session_id"] == original

        for verb, request, error in (
            ("fork", ForkRequest(turn_id="none"), UnknownTurnError),
            ("resume", ResumeRequest(session_id="none"), UnknownSessionError),
            ("rename", RenameRequest(title="x", session_id="none"), UnknownSessionError),
        ):
            with pytest.raises(error):
                await house.do(verb, request)


async def test_context_cost_and_models_are_told(open_house: OpenHouse) -> None:
    async with open_house() as house:
        assert (await _context(house)).tokens == 0
        await house.ask("hello")
        info = await house.info()
        assert 0 < info.context_tokens < info.context_window
        assert info.turn_cost_usd == pytest.approx(info.cost_usd)
        assert info.sandbox_started is not None
        assert info.measured > info.sandbox_started
        assert info.cpu_seconds is not None
        assert info.cpu_seconds > 0
        counted = await _context(house)
        assert counted.live
        assert counted.tokens > 0
        assert counted.parts
        await house.do("stop")
        told = await _context(house)
        assert not told.live
        assert (told.tokens, told.window) == (info.context_tokens, counted.window)
        models = await house.manager.call(house.ref(), "models", Simple())
        assert isinstance(models, ModelList)
        assert {"opus", "sonnet", "haiku"} < set(models.models)
        assert models.allowed == ("claude-*",)


async def test_a_waiting_prompt_is_taken_back_and_the_running_turn_is_not_touched(open_house: OpenHouse) -> None:
    async with open_house() as house:
        running = await house.begin("slow please")
        waiting, last = await house.begin("never answered"), await house.begin("hello")
        with pytest.raises(TurnError, match="still runs"):
            await house.do("fork", ForkRequest(turn_id=running.accepted.turn_id))
        assert (await house.do("cancel", CancelRequest(turn_id=waiting.accepted.turn_id))).ok
        assert not (await house.do("cancel", CancelRequest(turn_id=waiting.accepted.turn_id))).ok
        assert not (await house.do("cancel", CancelRequest(turn_id=running.accepted.turn_id))).ok
        await house.finish(waiting)
        assert (waiting.ended.status, waiting.ended.error_code) == ("interrupted", "taken_back")
        await house.finish(running)
        await house.finish(last)
        assert (running.ended.status, last.ended.status) == ("completed", "completed")
        assert not any("never answered" in str(request.body["messages"]) for request in house.model.requests)


async def test_a_stripped_notebook_stays_so_until_the_next_turn(open_house: OpenHouse) -> None:
    told: list[bool] = []
    async with open_house() as house:
        await house.ask("remember apple")
        notebook_id = (await house.info()).notebook_id
        with anyio.fail_after(10):
            envelope = await house.manager.flush(notebook_id)
        assert envelope
        house.manager.on_envelope(lambda _id, _path, envelope: told.append(bool(envelope)))
        await house.do("strip")
        assert (house.manager.envelope(notebook_id), house.manager.stripped(notebook_id)) == (None, True)
        assert told == [False]
        # The page has not been saved yet, so that the door still shows what the file holds.
        assert (await house.info(envelope=envelope)).stripped
        assert await house.manager.flush(notebook_id) is None
    async with open_house() as later:
        assert (await later.info()).stripped
        assert later.manager.envelope(notebook_id) is None
        assert "apple" in (await later.ask("recall")).ended.text
        assert await later.manager.flush(notebook_id) is not None
        assert not later.manager.stripped(notebook_id)


async def test_a_transcript_is_read_whole_and_only_of_this_notebook(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.ask("remember apple")
        await house.do("reset")
        await house.ask("something else")
        notebook_id, old = first.accepted.notebook_id, first.accepted.session_id
        items = [item async for item in await house.manager.transcript(notebook_id, old)]
        assert [item.prompt for item in items if isinstance(item, TurnRow)] == ["remember apple"]
        kinds = [type(item.event) for item in items if isinstance(item, EventRecord)]
        assert (kinds[0], kinds[-1]) == (TurnStarted, TurnEnded)
        with pytest.raises(UnknownSessionError):
            await house.manager.transcript(notebook_id, "none")
