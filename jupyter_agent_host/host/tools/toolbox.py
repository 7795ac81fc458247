"""All tools of one agent: finds the one that is called, checks its arguments, asks for leave, carries it out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from jupyter_agent_host.errors import AgentHostError, CellChangedError, ToolArgumentError
from jupyter_agent_host.host.notebook.checked_cell_edits import changed_error
from jupyter_agent_host.host.tools.tool import (
    Change,
    Permits,
    Recorder,
    Tool,
    ToolAnswer,
    ToolContext,
    ToolRequest,
    error_answer,
    text_answer,
)
from jupyter_agent_host.protocol.events import Json
from jupyter_agent_host.protocol.host_tools import ToolDefinition, argument_bytes
from jupyter_agent_host.protocol.limits import MAX_TOOL_ARGUMENTS_BYTES

logger = logging.getLogger(__name__)

_MAX_NAME = 80


class Toolbox:
    """The tools that an agent is offered. Whatever is called is hostile until checked here."""

    def __init__(self, tools: Sequence[Tool], permits: Permits, recorders: Sequence[Recorder] = ()) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._permits = permits
        self._recorders = tuple(recorders)

    @property
    def definitions(self) -> tuple[ToolDefinition, ...]:
        """What the model is told."""
        return tuple(tool.definition for tool in self._tools.values())

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called by, and granted by."""
        return tuple(self._tools)

    async def call(self, context: ToolContext, name: str, arguments: Json) -> ToolAnswer:
        """Carry out one call. Every failure but cancellation is an answer in words."""
        tool = self._tools.get(name)
        if tool is None:
            return error_answer(f"There is no tool {name[:_MAX_NAME]!r} here.")
        try:
            decoded = _decoded(tool, arguments)
            served = await tool.serve(context, decoded)
            if isinstance(served, Change):
                return await self._change(context, tool, decoded, served)
        except AgentHostError as err:
            return error_answer(str(err))
        except Exception as err:  # our own bug, or a hostile object's: the turn goes on and the log has it
            logger.exception("the tool %s failed", name)
            return error_answer(f"The tool failed unexpectedly ({type(err).__name__}). Look before you try it again.")
        return text_answer(served) if isinstance(served, str) else served

    async def _change(self, context: ToolContext, tool: Tool, arguments: msgspec.Struct, change: Change) -> ToolAnswer:
        request = ToolRequest(tool.name, arguments, change)
        permit = await self._permits.check(context, request)
        if not permit.allowed:
            return error_answer(permit.reason or "The person did not allow this.")
        if permit.asked:
            request = await _seen_again(context, tool, request)
        answer = await _carried_out(request.change)
        for recorder in self._recorders:
            await recorder.note(context, request, answer)
        return answer


async def _seen_again(context: ToolContext, tool: Tool, approved: ToolRequest) -> ToolRequest:
    """The call on the notebook as it is now, since a person takes their time; it must be what was approved.

    Raises:
        NotebookError: it makes no sense any more, or the cells are not those that the person saw.
    """
    change = await tool.serve(context, approved.arguments)
    if isinstance(change, Change):
        now = ToolRequest(approved.tool, approved.arguments, change)
        if now.digest == approved.digest:
            return now
        before = {cell.id: cell.revision for cell in approved.change.cells}
        moved = next((cell for cell in change.cells if before.get(cell.id) != cell.revision), None)
        if moved is not None:
            raise changed_error(moved)
    raise CellChangedError("What the person was asked about changed before they answered. Read it and try again.")


async def _carried_out(change: Change) -> ToolAnswer:
    try:
        return await change.carry_out()
    except AgentHostError as err:  # recorders hear of it all the same
        return error_answer(str(err))


def _decoded(tool: Tool, arguments: Json) -> Any:
    """Arguments as the tool's struct.

    Raises:
        ToolArgumentError: they are too large or do not fit.
    """
    size_bytes = argument_bytes(arguments)
    if size_bytes > MAX_TOOL_ARGUMENTS_BYTES:
        raise ToolArgumentError(f"The arguments are {size_bytes} bytes long; at most {MAX_TOOL_ARGUMENTS_BYTES} work.")
    try:
        return msgspec.convert(arguments or {}, tool.arguments)
    except msgspec.ValidationError as err:
        raise ToolArgumentError(f"The arguments of {tool.name} do not fit: {err}.") from err
