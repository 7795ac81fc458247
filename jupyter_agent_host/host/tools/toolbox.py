"""All tools of one agent: finds the one that is called, checks its arguments, asks for leave, carries it out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from jupyter_agent_host.errors import AgentHostError, ToolArgumentError
from jupyter_agent_host.host.tools.interface import (
    Permits,
    Recorder,
    Tool,
    ToolAnswer,
    ToolContext,
    ToolRequest,
    error_answer,
)
from jupyter_agent_host.protocol.events import Json
from jupyter_agent_host.protocol.host_tools import ToolDefinition, argument_bytes
from jupyter_agent_host.protocol.limits import MAX_TOOL_ARGUMENTS_BYTES

logger = logging.getLogger(__name__)

_MAX_NAME = 80


class Toolbox:
    """The tools that an agent is offered. Whatever is called is hostile until checked here."""

    def __init__(self, tools: Sequence[Tool], permits: Permits, recorders: Sequence[Recorder] = ()) -> None:
        self._tools = {tool.definition.name: tool for tool in tools}
        self._permits = permits
        self._recorders = tuple(recorders)

    @property
    def definitions(self) -> tuple[ToolDefinition, ...]:
        """What the model is told."""
        return tuple(tool.definition for tool in self._tools.values())

    async def call(self, context: ToolContext, name: str, arguments: Json) -> ToolAnswer:
        """Carry out one call. Every failure but cancellation is an answer in words."""
        tool = self._tools.get(name)
        if tool is None:
            return error_answer(f"There is no tool {name[:_MAX_NAME]!r} here.")
        try:
            decoded = _decoded(tool, arguments)
            if tool.effect == "read":
                return await tool.call(context, decoded)
            return await self._change(context, tool, decoded)
        except AgentHostError as err:
            return error_answer(str(err))
        except Exception as err:  # our own bug, or a hostile object's: the turn goes on and the log has it
            logger.exception("the tool %s failed", name)
            return error_answer(f"The tool failed unexpectedly ({type(err).__name__}). Look before you try it again.")

    async def _change(self, context: ToolContext, tool: Tool, arguments: msgspec.Struct) -> ToolAnswer:
        request = await tool.request(context, arguments)
        permit = await self._permits.check(context, request)
        if not permit.allowed:
            return error_answer(permit.reason or "The person did not allow this.")
        for recorder in self._recorders:
            await recorder.before(context, request)
        answer = await self._carried_out(context, tool, request)
        for recorder in self._recorders:
            await recorder.after(context, request, answer)
        return answer

    async def _carried_out(self, context: ToolContext, tool: Tool, request: ToolRequest) -> ToolAnswer:
        try:
            return await tool.call(context, request.arguments)
        except AgentHostError as err:
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
        raise ToolArgumentError(f"The arguments of {tool.definition.name} do not fit: {err}.") from err
