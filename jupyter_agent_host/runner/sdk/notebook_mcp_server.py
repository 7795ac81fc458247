"""The MCP server that shows the host's tools to the SDK, and the hook that lets its calls through.

The host asks the person where one has to be asked, on the very call that it then carries out; the SDK asking before
would be a second question about the same thing. So a hook allows these tools in every permission mode. It also hears
the call's id, which an MCP tool is not told.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from claude_agent_sdk import (
    HookContext,
    HookInput,
    HookJSONOutput,
    McpSdkServerConfig,
    SdkMcpTool,
    ToolAnnotations,
    create_sdk_mcp_server,
)

from jupyter_agent_host.protocol.control import HostToolAnswer
from jupyter_agent_host.protocol.events import Json
from jupyter_agent_host.protocol.host_tools import PREFIX, SERVER, ToolDefinition, ToolText
from jupyter_agent_host.protocol.limits import MAX_TOOL_ANSWER_BYTES
from jupyter_agent_host.version import __version__

Call = Callable[[str, str, Json], Awaitable[HostToolAnswer]]
"""Gets the call's id, the tool's name and its arguments."""

_MAX_EXPECTED = 256
_encoder = msgspec.json.Encoder(order="sorted")


class NotebookServer:
    """One session's server. `config` goes into the SDK's options, `let_through` is the hook."""

    def __init__(self, definitions: tuple[ToolDefinition, ...], call: Call) -> None:
        self._call = call
        self._names = {definition.name for definition in definitions}
        self._expected: OrderedDict[str, bytes] = OrderedDict()
        self._definitions = definitions

    @property
    def config(self) -> dict[str, McpSdkServerConfig]:
        """For the SDK's `mcp_servers`; empty when the host offers nothing."""
        if not self._definitions:
            return {}
        tools = [self._tool(definition) for definition in self._definitions]
        return {SERVER: create_sdk_mcp_server(SERVER, __version__, tools)}

    async def let_through(
        self,
        given: HookInput,
        tool_use_id: str | None,
        context: HookContext,  # noqa: ARG002 - the SDK's signature
    ) -> HookJSONOutput:
        """Before a call of one of these tools."""
        details: dict[str, Any] = dict(given)
        name = str(details.get("tool_name", ""))
        if name.removeprefix(PREFIX) not in self._names or not name.startswith(PREFIX):
            return {}
        if tool_use_id:
            self._expected[tool_use_id] = _call_key(name.removeprefix(PREFIX), details.get("tool_input"))
            while len(self._expected) > _MAX_EXPECTED:
                self._expected.popitem(last=False)
        return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "allow"}}

    def _tool(self, definition: ToolDefinition) -> SdkMcpTool[Any]:
        async def handler(arguments: dict[str, Any]) -> dict[str, Any]:
            answer = await self._call(self._id_of(definition.name, arguments), definition.name, arguments)
            return {"content": [_block(block) for block in answer.content], "is_error": answer.is_error}

        return SdkMcpTool(
            name=definition.name,
            description=definition.description,
            input_schema=definition.input_schema,
            handler=handler,
            annotations=ToolAnnotations(readOnlyHint=definition.read_only, maxResultSizeChars=MAX_TOOL_ANSWER_BYTES),
        )

    def _id_of(self, name: str, arguments: Json) -> str:
        """The id of the oldest expected call like this one; "" when the hook did not hear of it."""
        wanted = _call_key(name, arguments)
        for tool_use_id, key in self._expected.items():
            if key == wanted:
                del self._expected[tool_use_id]
                return tool_use_id
        return ""


def _call_key(name: str, arguments: Json) -> bytes:
    return _encoder.encode((name, arguments or {}))


def _block(block: Any) -> dict[str, str]:
    if isinstance(block, ToolText):
        return {"type": "text", "text": block.text}
    return {"type": "image", "data": block.data, "mimeType": block.media_type}
