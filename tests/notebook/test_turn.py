"""Events folded into what a surface shows."""

from __future__ import annotations

from jupyter_agent_host.protocol.events import (
    AnyEvent,
    AssistantText,
    AttemptDiscarded,
    EventRecord,
    FileChange,
    FilesChanged,
    FilesRefused,
    Notice,
    PermissionAsked,
    PermissionSettled,
    SandboxState,
    SessionChanged,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    TurnEnded,
    TurnStarted,
    UnknownEvent,
)
from jupyter_agent_host.rendering.turn_view import (
    NoticePart,
    PermissionPart,
    TextPart,
    ToolPart,
    TurnView,
    fold,
    reduce,
)


def view_of(*events: AnyEvent | UnknownEvent) -> TurnView:
    return fold(
        EventRecord(number=n, notebook_id="nb", session_id="s", turn_id="t", time=1.0, event=event)
        for n, event in enumerate(events, start=1)
    )


def delta(text: str, message: str = "m1") -> TextDelta:
    return TextDelta(message_id=message, text=text)


def test_deltas_grow_and_the_finished_block_replaces_them() -> None:
    assert view_of(delta("Hel"), delta("lo")).text == "Hello"
    view = view_of(delta("Hel"), delta("lo"), AssistantText(message_id="m1", text="Hello."))
    assert view.parts == (TextPart(message_id="m1", text="Hello.", open=False, block_index=0),)


def test_two_blocks_of_one_message_around_a_tool_call_stay_apart() -> None:
    view = view_of(
        delta("one"),
        AssistantText(message_id="m1", text="one!", block_index=0),
        ToolCall(tool_use_id="t1", name="Bash", input={"command": "ls"}),
        delta("tw"),
        AssistantText(message_id="m1", text="two!", block_index=2),
        ToolResult(tool_use_id="t1", text="files"),
    )
    assert [type(part) for part in view.parts] == [TextPart, ToolPart, TextPart]
    assert view.text == "one!\n\ntwo!"
    tool = view.parts[1]
    assert isinstance(tool, ToolPart)
    assert tool.result is not None
    assert tool.result.text == "files"


def test_a_discarded_attempt_leaves_no_word_behind() -> None:
    words = [delta(f"w{n} ", "broken") for n in range(20)]
    again = [delta(f"w{n} ", "whole") for n in range(60)]
    view = view_of(*words, AttemptDiscarded(message_id="broken"), *again)
    assert view.text.split() == [f"w{n}" for n in range(60)]


def test_of_several_attempts_the_newest_alone_is_told() -> None:
    first, second = (Notice(level="info", code="retrying", text=f"attempt {number} of 10") for number in (1, 2))
    assert [part.text for part in view_of(first, second).parts if isinstance(part, NoticePart)] == [second.text]
    assert len(view_of(first, delta("an answer", "m"), second).parts) == 3


def test_an_event_seen_twice_counts_once() -> None:
    record = EventRecord(number=1, notebook_id="nb", session_id="s", turn_id="t", time=1.0, event=delta("x"))
    assert fold([record, record]).text == "x"


def test_a_result_without_its_call_is_shown() -> None:
    (part,) = view_of(ToolResult(tool_use_id="lost", text="out")).parts
    assert isinstance(part, ToolPart)
    assert part.name == "tool"


def test_a_question_is_pending_until_it_is_settled_and_is_asked_once() -> None:
    asked = PermissionAsked(request_id="p1", tool_name="Bash")
    assert view_of(asked, asked).pending == (asked,)
    settled = PermissionSettled(request_id="p1", decision="deny", by="headless")
    late = PermissionSettled(request_id="p1", decision="allow", by="person")
    view = view_of(asked, settled, late)
    assert view.pending == ()
    assert view.parts == (PermissionPart(asked=asked, settled=settled),)


def test_files_are_listed_once_with_what_became_of_them() -> None:
    def change(path: str, action: str, size: int = 1) -> FilesChanged:
        return FilesChanged(files=(FileChange(path=path, action=action, size_bytes=size),))  # type: ignore[arg-type]

    view = view_of(
        change("new", "created"),
        change("new", "modified", 9),
        change("old", "modified"),
        change("old", "deleted"),
        change("brief", "created"),
        change("brief", "deleted"),
        change("back", "deleted"),
        change("back", "created", 3),
    )
    assert [(file.path, file.action, file.size_bytes) for file in view.files] == [
        ("new", "created", 9),
        ("old", "deleted", 1),
        ("back", "modified", 3),
    ]


def test_states_and_ends() -> None:
    view = view_of(
        TurnStarted(prompt="hi", model="m"),
        SandboxState(state="starting", detail="docker"),
        ThinkingDelta(message_id="m1", text="hm"),
    )
    assert (view.prompt, view.model, view.thinking) == ("hi", "m", True)
    assert view.sandbox is not None
    assert view.sandbox.state == "starting"
    ended = reduce(
        view,
        EventRecord(
            number=99, notebook_id="nb", session_id="s2", turn_id="t", time=2.0, event=TurnEnded(status="completed")
        ),
    )
    assert ended.ended is not None
    assert not ended.thinking


def test_a_forked_turn_belongs_to_the_new_session() -> None:
    assert view_of(delta("x"), SessionChanged(session_id="s2", how="forked")).session_id == "s2"


def test_the_turns_text_stands_in_when_no_words_came_through() -> None:
    assert view_of(TurnEnded(status="completed", text="All.")).text == "All."
    assert view_of(delta("Some."), TurnEnded(status="completed", text="All.")).text == "Some."


def test_notices_of_every_kind() -> None:
    view = view_of(
        Notice(level="error", code="c", text="bad"),
        FilesRefused(paths=("a.ipynb", ".git/x"), reason="guarded"),
        UnknownEvent(kind="from_the_future", raw={}),
    )
    assert [part.code for part in view.parts if isinstance(part, NoticePart)] == ["c", "files_refused", "unknown_event"]
    assert "%agent grant" in view.parts[1].text  # type: ignore[union-attr]
    assert "from_the_future" in view.parts[2].text  # type: ignore[union-attr]


def test_ten_thousand_deltas_lose_nothing() -> None:
    assert len(view_of(*(delta("word ") for _ in range(10_000))).text) == 50_000
