"""A turn as it is seen: events folded, one by one, into one frozen value. Pure; the panel mirrors these rules.

Rules, by event:
- deltas append to the open text of their message, or start a new one after a tool call;
- a finished block replaces the open text that its deltas made;
- a discarded attempt takes all text of its message back;
- a tool result joins its call; a permission joins its question;
- files are merged by path, so that each is listed once with what became of it;
- what a reader does not know is a notice, never an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, Union

from jupyter_agent_host.protocol.events import (
    AssistantText,
    AttemptDiscarded,
    EventRecord,
    FileChange,
    FilesChanged,
    FilesRefused,
    Json,
    Notice,
    PermissionAsked,
    PermissionSettled,
    ReviewChanged,
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


@dataclass(frozen=True)
class TextPart:
    """Words of the agent. `open` while deltas may still come; `block_index` once the block is finished."""

    message_id: str
    text: str
    open: bool = True
    block_index: int = -1


@dataclass(frozen=True)
class ToolPart:
    """One tool call, and its result once there is one. `parent` is the call of the subagent that made it."""

    tool_use_id: str
    name: str
    input: Json = None
    parent: str = ""
    result: ToolResult | None = None


@dataclass(frozen=True)
class PermissionPart:
    """A question to a person, and the decision once there is one."""

    asked: PermissionAsked
    settled: PermissionSettled | None = None


@dataclass(frozen=True)
class NoticePart:
    """Something that a person should know."""

    level: Literal["info", "warning", "error"]
    code: str
    text: str


Part = Union[TextPart, ToolPart, PermissionPart, NoticePart]


@dataclass(frozen=True)
class TurnView:
    """All that a surface shows of one turn."""

    turn_id: str = ""
    notebook_id: str = ""
    session_id: str = ""
    last_event: int = 0
    prompt: str = ""
    model: str = ""
    parts: tuple[Part, ...] = ()
    files: tuple[FileChange, ...] = ()
    review: ReviewChanged | None = None
    sandbox: SandboxState | None = None
    session_change: SessionChanged | None = None
    thinking: bool = False
    started: float = 0.0
    ended: TurnEnded | None = None

    @property
    def text(self) -> str:
        """The agent's words, blocks apart by an empty line."""
        return "\n\n".join(part.text for part in self.parts if isinstance(part, TextPart) and part.text.strip())

    @property
    def pending(self) -> tuple[PermissionAsked, ...]:
        """Questions that wait for a person."""
        return tuple(part.asked for part in self.parts if isinstance(part, PermissionPart) and part.settled is None)


def fold(records: Iterable[EventRecord], view: TurnView | None = None) -> TurnView:
    """Several events at once, onto `view`."""
    result = view or TurnView()
    for record in records:
        result = reduce(result, record)
    return result


def reduce(view: TurnView, record: EventRecord) -> TurnView:  # noqa: C901, PLR0911, PLR0912 - a line a kind
    """The view after one more event. An event that was seen already changes nothing."""
    if record.number <= view.last_event:
        return view
    view = replace(
        view,
        last_event=record.number,
        turn_id=record.turn_id or view.turn_id,
        notebook_id=record.notebook_id or view.notebook_id,
        session_id=record.session_id or view.session_id,
        thinking=False,
        started=view.started or record.time,
    )
    match record.event:
        case TurnStarted() as event:
            return replace(view, prompt=event.prompt, model=event.model or view.model)
        case TextDelta() as event:
            return replace(view, parts=_delta(view.parts, event))
        case ThinkingDelta():
            return replace(view, thinking=True)
        case AssistantText() as event:
            return replace(view, parts=_block(view.parts, event))
        case AttemptDiscarded() as event:
            return replace(view, parts=_without(view.parts, event.message_id))
        case ToolCall() as event:
            return replace(view, parts=_called(view.parts, event))
        case ToolResult() as event:
            return replace(view, parts=_resulted(view.parts, event))
        case PermissionAsked() as event:
            return replace(view, parts=_asked(view.parts, event))
        case PermissionSettled() as event:
            return replace(view, parts=_settled(view.parts, event))
        case FilesChanged() as event:
            return replace(view, files=_merged(view.files, event.files))
        case ReviewChanged() as event:
            return replace(view, review=event)
        case SandboxState() as event:
            return replace(view, sandbox=event)
        case SessionChanged() as event:
            return replace(view, session_change=event, session_id=event.session_id or view.session_id)
        case TurnEnded() as event:
            return replace(view, ended=event, model=event.model or view.model, parts=_closed(view.parts, event))
        case FilesRefused() | Notice() | UnknownEvent() as event:
            return replace(view, parts=_noticed(view.parts, _notice(event)))


def _delta(parts: tuple[Part, ...], event: TextDelta) -> tuple[Part, ...]:
    last = parts[-1] if parts else None
    if isinstance(last, TextPart) and last.open and last.message_id == event.message_id:
        return (*parts[:-1], replace(last, text=last.text + event.text))
    return (*parts, TextPart(message_id=event.message_id, text=event.text))


def _block(parts: tuple[Part, ...], event: AssistantText) -> tuple[Part, ...]:
    done = TextPart(message_id=event.message_id, text=event.text, open=False, block_index=event.block_index)
    for index, part in enumerate(parts):
        if not isinstance(part, TextPart) or part.message_id != event.message_id:
            continue
        if part.open or part.block_index == event.block_index:
            return (*parts[:index], done, *parts[index + 1 :])
    return (*parts, done)


def _without(parts: tuple[Part, ...], message_id: str) -> tuple[Part, ...]:
    return tuple(part for part in parts if not (isinstance(part, TextPart) and part.message_id == message_id))


def _called(parts: tuple[Part, ...], event: ToolCall) -> tuple[Part, ...]:
    call = ToolPart(tool_use_id=event.tool_use_id, name=event.name, input=event.input, parent=event.parent_tool_use_id)
    for index, part in enumerate(parts):
        if isinstance(part, ToolPart) and part.tool_use_id == event.tool_use_id:
            return (*parts[:index], replace(call, result=part.result), *parts[index + 1 :])
    return (*parts, call)


def _resulted(parts: tuple[Part, ...], event: ToolResult) -> tuple[Part, ...]:
    for index, part in enumerate(parts):
        if isinstance(part, ToolPart) and part.tool_use_id == event.tool_use_id:
            return (*parts[:index], replace(part, result=event), *parts[index + 1 :])
    return (*parts, ToolPart(tool_use_id=event.tool_use_id, name="tool", result=event))


def _asked(parts: tuple[Part, ...], event: PermissionAsked) -> tuple[Part, ...]:
    """A question is asked again after a sandbox was replaced; it stays one question."""
    if any(isinstance(part, PermissionPart) and part.asked.request_id == event.request_id for part in parts):
        return parts
    return (*parts, PermissionPart(asked=event))


def _settled(parts: tuple[Part, ...], event: PermissionSettled) -> tuple[Part, ...]:
    return tuple(
        replace(part, settled=event)
        if isinstance(part, PermissionPart) and part.asked.request_id == event.request_id and part.settled is None
        else part
        for part in parts
    )


def _merged(known: tuple[FileChange, ...], new: tuple[FileChange, ...]) -> tuple[FileChange, ...]:
    files = {change.path: change for change in known}
    for change in new:
        before = files.get(change.path)
        if before is not None and before.action == "created":
            if change.action == "deleted":
                del files[change.path]
                continue
            files[change.path] = FileChange(path=change.path, action="created", size_bytes=change.size_bytes)
        elif before is not None and before.action == "deleted" and change.action == "created":
            files[change.path] = FileChange(path=change.path, action="modified", size_bytes=change.size_bytes)
        else:
            files[change.path] = change
    return tuple(files.values())


def _closed(parts: tuple[Part, ...], event: TurnEnded) -> tuple[Part, ...]:
    """At the end nothing stays open. Where no words came through at all, the turn's own text stands in."""
    closed = tuple(replace(part, open=False) if isinstance(part, TextPart) else part for part in parts)
    if event.text and not any(isinstance(part, TextPart) for part in closed):
        return (*closed, TextPart(message_id="", text=event.text, open=False, block_index=0))
    return closed


def _noticed(parts: tuple[Part, ...], notice: NoticePart) -> tuple[Part, ...]:
    """Of attempts at the same answer, the newest alone is told."""
    last = parts[-1] if parts else None
    again = notice.code == "retrying" and isinstance(last, NoticePart) and last.code == notice.code
    return (*(parts[:-1] if again else parts), notice)


def _notice(event: FilesRefused | Notice | UnknownEvent) -> NoticePart:
    if isinstance(event, Notice):
        return NoticePart(level=event.level, code=event.code, text=event.text)
    if isinstance(event, FilesRefused):
        names = ", ".join(event.paths)
        text = f"Kept inside the sandbox: {names} ({event.reason}). Let it out with `%agent grant PATH`."
        return NoticePart(level="warning", code="files_refused", text=text)
    return NoticePart(
        level="info", code="unknown_event", text=f"An event of a newer version is not shown: {event.kind}."
    )
