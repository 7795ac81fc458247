"""Takes the calls that come out of one agent's sandbox, and sees that each is carried out once and answered."""

from __future__ import annotations

import logging
from collections import OrderedDict

import anyio

from jupyter_agent_host.errors import AgentHostError, ProtocolError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.sandboxes.sandbox_connection import LiveSandbox
from jupyter_agent_host.host.tools.tool import ToolAnswer, ToolContext, error_answer
from jupyter_agent_host.host.turns.queued_turn import QueuedTurn
from jupyter_agent_host.host.wait_any import wait_any
from jupyter_agent_host.protocol.control import HostToolAnswer, HostToolCall
from jupyter_agent_host.protocol.host_tools import bounded, content_bytes
from jupyter_agent_host.protocol.limits import MAX_TOOL_CALLS, MIB

logger = logging.getLogger(__name__)

_REMEMBERED = 64
_REMEMBERED_BYTES = 32 * MIB
_MAX_ID = 64


class ToolDispatcher:
    """One agent's calls. They outlive the connection that they came on; they end with their turn or their sandbox."""

    def __init__(self, agent: NotebookAgent) -> None:
        self._agent = agent
        self._open: dict[str, anyio.CancelScope] = {}
        self._answers: OrderedDict[str, HostToolAnswer] = OrderedDict()
        self._remembered_bytes = 0

    def take(self, call: HostToolCall) -> None:
        """Begin a call, or answer again one that was answered before. Returns at once.

        Raises:
            ProtocolError: more calls are open than any runner of ours opens.
        """
        live = self._agent.live
        if live is None or call.request_id in self._open:
            return
        if not call.request_id.isalnum() or len(call.request_id) > _MAX_ID:
            raise ProtocolError("The runner called a tool with an impossible id.")
        if len(self._open) >= MAX_TOOL_CALLS:
            raise ProtocolError("The runner called more tools at once than it may.")
        scope = self._open[call.request_id] = anyio.CancelScope()
        self._agent.services.tasks.start_soon(self._serve, call, live, scope)

    def cancel(self, request_id: str) -> None:
        """Nobody waits for that call any more."""
        scope = self._open.get(request_id)
        if scope is not None:
            scope.cancel()

    async def _serve(self, call: HostToolCall, live: LiveSandbox, scope: anyio.CancelScope) -> None:
        try:
            with scope:
                answer = self._answers.get(call.request_id)
                if answer is None:
                    answer = self._remember(call.request_id, await self._answered(call, live))
                await live.channel.send(answer)
        except AgentHostError as err:
            logger.info("an answer for %s was not taken: %s", live.sandbox.id[:12], err)
        except Exception:  # a bug of ours costs this one call, not the host
            logger.exception("a call of %.40r could not be served", call.name)
        finally:
            self._open.pop(call.request_id, None)

    async def _answered(self, call: HostToolCall, live: LiveSandbox) -> ToolAnswer:
        turn = self._agent.active
        if turn is None or not self._belongs(call, turn):
            return error_answer("The notebook's tools work only while a turn of this notebook runs.")
        answer = error_answer("The call was given up: its turn is over.")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_when_any, tasks.cancel_scope, turn.ended, turn.halted, live.gone)
            context = ToolContext(
                agent=self._agent,
                request_id=call.request_id,
                turn_id=turn.turn_id,
                tool_use_id=call.tool_use_id[:_MAX_ID],
                headless=turn.request.headless,
            )
            answer = await self._agent.tools.call(context, call.name, call.arguments)
            tasks.cancel_scope.cancel()
        return answer

    def _belongs(self, call: HostToolCall, turn: QueuedTurn) -> bool:
        over = turn.ended.is_set() or turn.halted.is_set()
        mine = call.turn_id == turn.turn_id and call.session_id == self._agent.serving_session
        return mine and not over

    def _remember(self, request_id: str, answer: ToolAnswer) -> HostToolAnswer:
        frame = HostToolAnswer(request_id=request_id, content=bounded(answer.content), is_error=answer.is_error)
        self._answers[request_id] = frame
        self._remembered_bytes += content_bytes(frame.content)
        while len(self._answers) > 1 and not self._fits():
            _, oldest = self._answers.popitem(last=False)
            self._remembered_bytes -= content_bytes(oldest.content)
        return frame

    def _fits(self) -> bool:
        return len(self._answers) <= _REMEMBERED and self._remembered_bytes <= _REMEMBERED_BYTES


async def _cancel_when_any(scope: anyio.CancelScope, *over: anyio.Event) -> None:
    await wait_any(*over)
    scope.cancel()
