"""Questions that the host asks: one for the like, open across lost askers, never answered by the box."""

from __future__ import annotations

import time

import anyio
import anyio.lowlevel
import pytest

from jupyter_agent_host.errors import StoreError
from jupyter_agent_host.host.turns.questions import Questions
from jupyter_agent_host.protocol.events import AnyEvent, EventRecord, PermissionAsked, PermissionSettled
from jupyter_agent_host.protocol.host_api import AnswerRequest

pytestmark = pytest.mark.anyio

ASKED = PermissionAsked(request_id="edit-1", tool_name="edit_cell", input={"source": "x = 1"})
YES = AnswerRequest(request_id="edit-1", decision="allow", remember="notebook")


class Notebook:
    """What is journalled; a full disk can be played."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.disk_full = False
        self.asked = anyio.Event()

    async def emit(self, turn_id: str, *events: AnyEvent, session_id: str = "") -> list[EventRecord]:
        await anyio.lowlevel.checkpoint()
        if self.disk_full:
            raise StoreError("The disk is full.")
        first = len(self.events) + 1
        self.events.extend(events)
        self.asked.set()
        return [
            EventRecord(
                number=first + index,
                notebook_id="n",
                session_id=session_id,
                turn_id=turn_id,
                time=time.time(),
                event=event,
            )
            for index, event in enumerate(events)
        ]


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def questions(notebook: Notebook) -> Questions:
    return Questions(notebook.emit, ["edit_cell"])


async def asked_and_cut_off(questions: Questions) -> None:
    """The host asks, then its task is cancelled, as by a lost connection."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: questions.ask(ASKED, turn_id="t"))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()


async def test_many_ask_the_same_and_the_person_is_asked_once(notebook: Notebook, questions: Questions) -> None:
    answers: list[AnswerRequest] = []

    async def ask() -> None:
        answers.append(await questions.ask(ASKED, turn_id="t"))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask)
        await notebook.asked.wait()
        assert await questions.settle(YES, "ada", "t") is not None
    assert answers == [YES] * 5
    asked, settled = notebook.events
    assert isinstance(asked, PermissionAsked)
    assert asked.source == "host"
    assert isinstance(settled, PermissionSettled)
    assert (settled.by, settled.decision, settled.remember) == ("ada", "allow", "notebook")
    assert await questions.settle(YES, "bob", "t") is None


async def test_an_asker_that_was_cut_off_comes_back_to_its_question(notebook: Notebook, questions: Questions) -> None:
    await asked_and_cut_off(questions)
    assert questions.open == ("edit-1",)
    await questions.settle(YES, "ada", "t")
    assert await questions.ask(ASKED, turn_id="t") == YES  # answered while it was away
    assert [type(event) for event in notebook.events] == [PermissionAsked, PermissionSettled]


async def test_a_restarted_host_joins_what_the_journal_holds(notebook: Notebook, questions: Questions) -> None:
    await asked_and_cut_off(questions)
    later = Questions(notebook.emit)
    later.restore([event for event in notebook.events if isinstance(event, PermissionAsked)])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: later.ask(ASKED, turn_id="t"))
        await anyio.wait_all_tasks_blocked()
        await later.settle(YES, "ada", "t")
    assert sum(isinstance(event, PermissionAsked) for event in notebook.events) == 1


async def test_an_interrupt_is_a_no_and_leaves_the_boxes_questions_to_the_box(
    notebook: Notebook, questions: Questions
) -> None:
    questions.heard(PermissionAsked(request_id="box1", tool_name="Bash"))
    answers: list[AnswerRequest] = []

    async def ask() -> None:
        answers.append(await questions.ask(ASKED, turn_id="t"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await notebook.asked.wait()
        settled = questions.settle_all("interrupt", of_host=True)
    assert settled == [PermissionSettled(request_id="edit-1", decision="deny", by="interrupt")]
    assert answers[0].decision == "deny"
    assert questions.open == ("box1",)


async def test_nobody_there_is_a_no_that_people_can_see(notebook: Notebook, questions: Questions) -> None:
    answer = await questions.ask(ASKED, turn_id="t", headless=True)
    assert answer.decision == "deny"
    assert [type(event) for event in notebook.events] == [PermissionAsked, PermissionSettled]


async def test_the_box_can_neither_ask_as_the_host_nor_settle_for_a_person(questions: Questions) -> None:
    await asked_and_cut_off(questions)
    assert not questions.may_say(PermissionAsked(request_id="x", tool_name="Bash", source="host"))
    assert not questions.may_say(PermissionAsked(request_id="edit-1", tool_name="Bash"))
    assert not questions.may_say(PermissionAsked(request_id="x", tool_name="edit_cell")), "its grant is the host's"
    assert not questions.may_say(PermissionSettled(request_id="edit-1", decision="allow"))
    assert questions.may_say(PermissionAsked(request_id="x", tool_name="Bash"))
    assert questions.may_say(PermissionSettled(request_id="x", decision="deny"))


async def test_a_yes_to_the_box_is_never_a_yes_to_the_host(notebook: Notebook, questions: Questions) -> None:
    harmless = PermissionAsked(request_id="edit-1", tool_name="Bash", input={"command": "ls"})
    said = [event for event in [harmless] if questions.may_say(event)]  # the host's id, guessed before it asks
    for event in said:
        questions.heard(event)
    answers: list[AnswerRequest] = []

    async def ask() -> None:
        answers.append(await questions.ask(ASKED, turn_id="t"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        assert [event.input for event in notebook.events if isinstance(event, PermissionAsked)] == [ASKED.input]
        asked = await questions.settle(YES, "ada", "t")
    assert asked is not None
    assert (asked.source, asked.input) == ("host", ASKED.input)
    assert answers == [YES]
    with pytest.raises(ValueError, match="hyphen"):
        await questions.ask(PermissionAsked(request_id="edit1", tool_name="edit_cell"))


async def test_what_cannot_be_journalled_was_neither_asked_nor_decided(
    notebook: Notebook, questions: Questions
) -> None:
    notebook.disk_full = True
    with pytest.raises(StoreError):
        await questions.ask(ASKED, turn_id="t")
    assert questions.open == ()
    notebook.disk_full = False
    await asked_and_cut_off(questions)
    notebook.disk_full = True
    with pytest.raises(StoreError):
        await questions.settle(YES, "ada", "t")
    assert questions.open == ("edit-1",)
