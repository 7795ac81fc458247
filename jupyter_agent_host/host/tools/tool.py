"""What a tool of the host is: one declaration with a name, a description, an arguments' struct and a function."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, Union

import msgspec

from jupyter_agent_host.host.notebook.cells import Cell, CellEdit, InsertCell, Snapshot
from jupyter_agent_host.host.notebook.kernel_interface import NotebookKernel
from jupyter_agent_host.host.notebook.notebook_access import NotebookDocument
from jupyter_agent_host.host.tools.turn_context import TurnContext
from jupyter_agent_host.protocol.host_tools import ToolContent, ToolDefinition, ToolText

Effect = Literal["edit", "run", "restart"]
"""What kind of leave a change needs: as the notebook's mode says, but a `restart` is asked about always."""


@dataclass(frozen=True)
class ToolAnswer:
    """What the model gets. An error is something to react to, so it is a sentence that says how.

    `after` is the notebook as an edit left it, of which the model sees nothing.
    """

    content: tuple[ToolContent, ...]
    is_error: bool = False
    after: Snapshot | None = None


def text_answer(text: str, *, after: Snapshot | None = None) -> ToolAnswer:
    """An answer of text alone."""
    return ToolAnswer((ToolText(text),), after=after)


def error_answer(text: str) -> ToolAnswer:
    """A refusal or failure."""
    return ToolAnswer((ToolText(text),), is_error=True)


@dataclass(frozen=True)
class ToolContext:
    """One call's surroundings. `request_id` is the same when a call is repeated after a lost connection or host.

    Attributes:
        agent: the agent whose turn calls.
        headless: nobody is there to answer a question.
    """

    agent: TurnContext
    request_id: str
    turn_id: str
    tool_use_id: str
    headless: bool = False

    @property
    def document(self) -> NotebookDocument:
        """The cells of this agent's notebook, wherever it is now."""
        return self.agent.document

    @property
    def kernel(self) -> NotebookKernel:
        """The kernel of this agent's notebook."""
        return self.agent.kernel


@dataclass(frozen=True)
class Change:
    """What a call would do to the notebook or its kernel, before anything is done.

    Attributes:
        title: one sentence for a person, such as "Edit cell 3f2a".
        carry_out: does it, and nothing else than it. Cancelled when the turn ends or is interrupted.
        code: what would run, or the new source; "" for neither. `language` is its language.
        seen: the notebook as it was when this was prepared, with the outputs of the cells concerned.
        edits: what happens to cells; of a run only that their outputs and marks will be set.
    """

    title: str
    effect: Effect
    carry_out: Callable[[], Awaitable[ToolAnswer]]
    code: str = ""
    language: str = "python"
    seen: Snapshot | None = None
    edits: tuple[CellEdit, ...] = ()

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells concerned, as they were when this was prepared; not those to be inserted."""
        named = {edit.cell_id for edit in self.edits if not isinstance(edit, InsertCell)}
        return tuple(cell for cell in self.seen.cells if cell.id in named) if self.seen is not None else ()


Serve = Callable[[ToolContext, Any], Awaitable[Union[str, ToolAnswer, Change]]]
"""Serves one call: with the answer, or with the change that needs leave first.

Raises `AgentHostError` where the call makes no sense, so that nobody is asked about it; it becomes an error answer.
"""


@dataclass(frozen=True)
class Tool:
    """One tool. It keeps no state: it serves all notebooks of the host.

    Attributes:
        description: for the model, with what it has to know to use it well.
        arguments: the struct that arguments are decoded into, strictly; the schema for the model is made from it.
        read_only: said to the CLI, which may then call it beside others.
    """

    name: str
    description: str
    arguments: type[msgspec.Struct]
    serve: Serve
    read_only: bool = False

    @cached_property
    def definition(self) -> ToolDefinition:
        """What the model is told."""
        (schema,), components = msgspec.json.schema_components((self.arguments,), ref_template="{name}")
        return ToolDefinition(
            name=self.name,
            description=self.description,
            input_schema=_inlined(schema, components),
            read_only=self.read_only,
        )


@dataclass(frozen=True)
class ToolRequest:
    """A call that changes something, as rules and people judge it. `arguments` are those that `change` came from."""

    tool: str
    arguments: msgspec.Struct
    change: Change

    @property
    def digest(self) -> str:
        """What is approved: the tool, its arguments, and the cells concerned by revision and tags."""
        cells = [(cell.id, cell.revision, cell.tags) for cell in self.change.cells]
        body = msgspec.json.encode((self.tool, self.arguments, self.change.code, cells), order="sorted")
        return hashlib.sha256(body).hexdigest()


@dataclass(frozen=True)
class Permit:
    """Whether a call may be carried out; `reason` is told to the model. `asked`: a person decided, and took time."""

    allowed: bool
    reason: str = ""
    asked: bool = False


class Permits(Protocol):
    """Decides about calls that change something."""

    async def check(self, context: ToolContext, request: ToolRequest) -> Permit:
        """Allow or deny, asking the person where that is the rule."""


class Recorder(Protocol):
    """Hears what was carried out, so that it can be shown, judged and undone."""

    async def note(self, context: ToolContext, request: ToolRequest, answer: ToolAnswer) -> None:
        """It was carried out, or failed on the way."""


def _inlined(schema: Any, components: dict[str, Any]) -> Any:
    """The schema with every reference replaced by what it refers to; our structs do not refer to themselves."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(components[schema["$ref"]], components)
        return {key: _inlined(value, components) for key, value in schema.items() if key != "title"}
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [_inlined(value, components) for value in schema]
    return schema
