"""What a tool of the host is: named, described and typed for the model, and carried out for one notebook."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from jupyter_agent_host.host.notebook.cells import Cell
from jupyter_agent_host.host.notebook.interface import NotebookDocument
from jupyter_agent_host.host.notebook.kernel import NotebookKernel
from jupyter_agent_host.protocol.host_tools import ToolContent, ToolDefinition, ToolImage, ToolText

if TYPE_CHECKING:
    from jupyter_agent_host.host.agent import NotebookAgent

Effect = Literal["read", "edit", "run", "restart"]
"""`read` changes nothing; the others are asked about as the notebook's mode says, `restart` always."""


@dataclass(frozen=True)
class ToolAnswer:
    """What the model gets. An error is something to react to, so it is a sentence that says how."""

    content: tuple[ToolContent, ...]
    is_error: bool = False


def text_answer(text: str) -> ToolAnswer:
    """An answer of text alone."""
    return ToolAnswer((ToolText(text),))


def error_answer(text: str) -> ToolAnswer:
    """A refusal or failure."""
    return ToolAnswer((ToolText(text),), is_error=True)


def png(data: bytes) -> ToolImage:
    """A PNG for the model."""
    return ToolImage("image/png", base64.b64encode(data).decode("ascii"))


@dataclass(frozen=True)
class ToolContext:
    """One call's surroundings. `request_id` is the same when a call is repeated after a lost connection or host.

    Attributes:
        agent: the agent whose turn calls.
        headless: nobody is there to answer a question.
    """

    agent: NotebookAgent
    request_id: str
    turn_id: str
    tool_use_id: str
    headless: bool = False

    @property
    def document(self) -> NotebookDocument:
        """The cells of this agent's notebook, wherever it is now."""
        return self.agent.services.notebooks.document(self.agent.row.path)

    @property
    def kernel(self) -> NotebookKernel:
        """The kernel of this agent's notebook."""
        return self.agent.services.notebooks.kernel(self.agent.row.path)


@dataclass(frozen=True)
class ToolRequest:
    """A call that changes something, as rules and people judge it.

    Attributes:
        tool: the tool's short name.
        arguments: exactly what the tool is going to get.
        title: one sentence that says what would happen, such as "Edit cell 3f2a".
        cells: the cells concerned, as they are now.
        code: what would run, or the new source; "" for neither.
        new_cells: ids of cells that the call is going to insert.
        language: of the code.
    """

    tool: str
    effect: Effect
    arguments: msgspec.Struct
    title: str
    cells: tuple[Cell, ...] = ()
    code: str = ""
    new_cells: tuple[str, ...] = ()
    language: str = "python"

    @property
    def digest(self) -> str:
        """Of the tool and its arguments: what was approved is this, and this is what is carried out."""
        body = msgspec.json.encode((self.tool, self.arguments), order="sorted")
        return hashlib.sha256(body).hexdigest()


class Tool(Protocol):
    """One tool. It keeps no state of its own: it serves all notebooks of the host.

    Attributes:
        definition: what the model is told; made by `define`.
        arguments: the struct that arguments are decoded into, strictly.
        effect: what kind of leave it needs.
    """

    definition: ToolDefinition
    arguments: type[msgspec.Struct]
    effect: Effect

    async def request(self, context: ToolContext, arguments: Any) -> ToolRequest:
        """What is to be judged before `call`; not asked for with effect `read`.

        Raises:
            NotebookError: the call makes no sense (any more), so nobody needs to be asked about it.
        """

    async def call(self, context: ToolContext, arguments: Any) -> ToolAnswer:
        """Carry it out. Cancelled when the turn ends or is interrupted.

        Raises:
            AgentHostError: becomes an error answer, in its own words.
        """


@dataclass(frozen=True)
class Permit:
    """Whether a call may be carried out; `reason` is told to the model."""

    allowed: bool
    reason: str = ""


class Permits(Protocol):
    """Decides about calls that change something."""

    async def check(self, context: ToolContext, request: ToolRequest) -> Permit:
        """Allow or deny, asking the person where that is the rule."""


class Recorder(Protocol):
    """Hears what was carried out, so that it can be shown, judged and undone."""

    async def before(self, context: ToolContext, request: ToolRequest) -> None:
        """A permitted call is about to be carried out."""

    async def after(self, context: ToolContext, request: ToolRequest, answer: ToolAnswer) -> None:
        """It was carried out, or failed."""


def define(name: str, description: str, arguments: type[msgspec.Struct], *, read_only: bool = False) -> ToolDefinition:
    """A tool's definition, its schema made from the arguments' struct."""
    (schema,), components = msgspec.json.schema_components((arguments,), ref_template="{name}")
    return ToolDefinition(
        name=name,
        description=description,
        input_schema=_inlined(schema, components),
        read_only=read_only,
    )


def _inlined(schema: Any, components: dict[str, Any]) -> Any:
    """The schema with every reference replaced by what it refers to; our structs do not refer to themselves."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(components[schema["$ref"]], components)
        return {key: _inlined(value, components) for key, value in schema.items() if key != "title"}
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [_inlined(value, components) for value in schema]
    return schema
