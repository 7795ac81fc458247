"""What happens around each tool call: files copied out, its duration noted, subagents kept within the turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from claude_agent_sdk import HookContext, HookInput, HookJSONOutput, HookMatcher

from jupyter_agent_host.protocol.host_tools import PREFIX
from jupyter_agent_host.runner.connection.workspace_sync import WAIT_SECONDS
from jupyter_agent_host.runner.sdk.notebook_mcp_server import NotebookServer
from jupyter_agent_host.runner.sdk.sdk_options import HookEventName

AfterTool = Callable[[str, str, int], Any]


class ToolHooks:
    """`after_tool` gets the tool's name, the call's id and its milliseconds; it returns a note to the agent, or ""."""

    def __init__(self, after_tool: AfterTool, notebook: NotebookServer) -> None:
        self._after_tool = after_tool
        self._notebook = notebook

    def matchers(self) -> dict[HookEventName, list[HookMatcher]]:
        """For the SDK's options."""
        after = HookMatcher(hooks=[self.after], timeout=WAIT_SECONDS * 2)
        return {
            "PreToolUse": [
                HookMatcher(matcher="Task|Agent", hooks=[self.before_subagent]),
                HookMatcher(matcher=f"{PREFIX}.*", hooks=[self._notebook.let_through]),
            ],
            "PostToolUse": [after],
            "PostToolUseFailure": [after],
        }

    async def before_subagent(
        self,
        given: HookInput,
        tool_use_id: str | None,  # noqa: ARG002 - the SDK's signature
        context: HookContext,  # noqa: ARG002 - the SDK's signature
    ) -> HookJSONOutput:
        """A subagent's answer belongs to the turn that asked for it, unless the model wants it otherwise."""
        details: dict[str, Any] = dict(given)
        wanted = {"run_in_background": False, **details["tool_input"]}
        return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": wanted}}

    async def after(
        self,
        given: HookInput,
        tool_use_id: str | None,
        context: HookContext,  # noqa: ARG002 - the SDK's signature
    ) -> HookJSONOutput:
        """After success and failure alike."""
        details: dict[str, Any] = dict(given)
        duration_ms = int(details.get("duration_ms") or 0)
        note = await self._after_tool(str(details.get("tool_name", "")), tool_use_id or "", duration_ms)
        if not note:
            return {}
        return {"hookSpecificOutput": {"hookEventName": details["hook_event_name"], "additionalContext": note}}
