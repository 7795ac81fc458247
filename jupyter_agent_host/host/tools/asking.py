"""The simplest permits: a person is asked about every change."""

from __future__ import annotations

from jupyter_agent_host.host.tools.interface import Permit, ToolContext, ToolRequest
from jupyter_agent_host.protocol.events import PermissionAsked
from jupyter_agent_host.protocol.host_tools import PREFIX


class AskAlways:
    """Asks through the agent's own questions; what was approved is the request's digest."""

    async def check(self, context: ToolContext, request: ToolRequest) -> Permit:
        """Allow what the person allows."""
        asked = PermissionAsked(
            request_id=f"{context.turn_id[:12]}-{request.digest[:32]}",
            tool_name=PREFIX + request.tool,
            input=request.arguments,
            title=request.title,
        )
        answer = await context.agent.questions.ask(asked, turn_id=context.turn_id, headless=context.headless)
        if answer.decision == "allow":
            return Permit(allowed=True)
        return Permit(allowed=False, reason=answer.message or "The person said no.")
