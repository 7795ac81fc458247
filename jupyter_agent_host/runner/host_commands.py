"""What the host's commands do. Those that take time run beside the connection, and survive it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from anyio.abc import TaskGroup

from jupyter_agent_host.errors import AgentHostError, ProtocolError
from jupyter_agent_host.protocol.control import (
    AnswerPermission,
    AnyHostFrame,
    CancelPrompt,
    CloseSession,
    ContextUsage,
    HostToolAnswer,
    Interrupt,
    OpenSession,
    Prompt,
    Reply,
    RunnerFrame,
    SetModel,
    SetPermissionMode,
    Shutdown,
    WorkspaceSynced,
)
from jupyter_agent_host.runner.connection.host_tool_calls import HostTools
from jupyter_agent_host.runner.connection.workspace_sync import WorkspaceGate
from jupyter_agent_host.runner.session.sdk_session import Session
from jupyter_agent_host.runner.session.session_registry import Sessions

logger = logging.getLogger(__name__)

Answer = Callable[[RunnerFrame], None]
_MAX_ERROR = 2000


class Commands:
    """Takes one frame at a time, in order, and never blocks."""

    def __init__(
        self,
        sessions: Sessions,
        workspace: WorkspaceGate,
        host_tools: HostTools,
        tasks: TaskGroup,
        shut_down: Callable[[], None],
    ) -> None:
        self._sessions = sessions
        self._workspace = workspace
        self._host_tools = host_tools
        self._tasks = tasks
        self._shut_down = shut_down

    def take(self, frame: AnyHostFrame, answer: Answer) -> None:
        """Carry one command out. Commands with a `request_id` are answered by a `Reply`."""
        if isinstance(frame, WorkspaceSynced):
            self._workspace.synced(frame)
        elif isinstance(frame, HostToolAnswer):
            self._host_tools.answered(frame)
        elif isinstance(frame, Shutdown):
            self._shut_down()
        elif isinstance(frame, OpenSession):
            self._open(frame, answer)
        elif isinstance(frame, (SetModel, SetPermissionMode, ContextUsage, CloseSession)):
            self._tasks.start_soon(_reply, frame.request_id, self._slow, frame, answer)
        elif isinstance(frame, (Prompt, CancelPrompt, Interrupt, AnswerPermission)):
            self._quick(frame)
        else:
            logger.warning("a host sent a second welcome")

    def _quick(self, frame: Prompt | CancelPrompt | Interrupt | AnswerPermission) -> None:
        try:
            session = self._sessions.get(frame.session_id)
        except ProtocolError:
            if isinstance(frame, Prompt):
                self._sessions.refuse(frame)
            return
        if isinstance(frame, Prompt):
            session.prompt(frame)
        elif isinstance(frame, CancelPrompt):
            session.cancel(frame.turn_id)
        elif isinstance(frame, Interrupt):
            session.interrupt()
        else:
            session.answer(frame)

    def _open(self, frame: OpenSession, answer: Answer) -> None:
        """The session is there at once, so that prompts right behind this frame find it."""
        try:
            session = self._sessions.prepare(frame)
        except AgentHostError as err:
            answer(_refusal(frame.request_id, err))
            return
        self._tasks.start_soon(_reply, frame.request_id, self._connect, (frame, session), answer)

    async def _connect(self, opening: tuple[OpenSession, Session]) -> Any:
        frame, session = opening
        await self._sessions.start(frame, session)
        return {"session_id": frame.session_id}

    async def _slow(self, frame: SetModel | SetPermissionMode | ContextUsage | CloseSession) -> Any:
        session = self._sessions.get(frame.session_id)
        if isinstance(frame, SetModel):
            await session.set_model(frame.model)
        elif isinstance(frame, SetPermissionMode):
            await session.set_permission_mode(frame.mode)
        elif isinstance(frame, ContextUsage):
            return await session.context_usage()
        else:
            await session.close()
        return None


async def _reply(request_id: str, do: Callable[[Any], Awaitable[Any]], argument: Any, answer: Answer) -> None:
    try:
        result = await do(argument)
    except AgentHostError as err:
        answer(_refusal(request_id, err))
    else:
        answer(Reply(request_id=request_id, ok=True, result=result))


def _refusal(request_id: str, err: AgentHostError) -> Reply:
    return Reply(request_id=request_id, ok=False, error=str(err)[:_MAX_ERROR], error_code=err.code)
