"""One session: one SDK client, owned by one task from connect to disconnect."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
from anyio.abc import TaskGroup, TaskStatus
from claude_agent_sdk import (
    ClaudeSDKClient,
    ClaudeSDKError,
    ProcessError,
    ResultMessage,
    SessionStore,
    StreamEvent,
)

from jupyter_agent_host.errors import TurnError
from jupyter_agent_host.protocol.control import (
    AnswerPermission,
    HostToolAnswer,
    PermissionMode,
    Prompt,
    SessionOptions,
    SessionStatus,
)
from jupyter_agent_host.protocol.events import Json, TurnEnded
from jupyter_agent_host.protocol.runner_start import RunnerStart
from jupyter_agent_host.runner.connection.host_tool_calls import HostTools
from jupyter_agent_host.runner.connection.outbox import Outbox
from jupyter_agent_host.runner.connection.workspace_sync import WorkspaceGate
from jupyter_agent_host.runner.sdk.notebook_mcp_server import NotebookServer
from jupyter_agent_host.runner.sdk.permission_questions import Permissions
from jupyter_agent_host.runner.sdk.sdk_options import sdk_mode, sdk_options
from jupyter_agent_host.runner.sdk.tool_hooks import ToolHooks
from jupyter_agent_host.runner.session.event_emitter import EventEmitter
from jupyter_agent_host.runner.session.prompt_queue import PromptQueue, QueuedPrompt
from jupyter_agent_host.runner.session.turn_interrupt import TELL_SECONDS, interrupt, stop_turn
from jupyter_agent_host.runner.translation.message_translator import Translator
from jupyter_agent_host.runner.translation.token_usage import TurnUsageMeter
from jupyter_agent_host.runner.translation.turn_end import failed, turn_ended

logger = logging.getLogger(__name__)

T = TypeVar("T")

_DISCONNECT_SECONDS = 30.0
_KILLED = (-9, 137)


@dataclass(frozen=True)
class SessionServices:
    """What all sessions of one runner share. `changed` says that some session's status did."""

    start: RunnerStart
    outbox: Outbox
    store: SessionStore
    workspace: WorkspaceGate
    host_tools: HostTools
    way_out_port: int
    changed: Callable[[], None]


class Session:
    """`run` does the work; the other methods are called from the control connection and return soon."""

    def __init__(self, session_id: str, wanted: SessionOptions, *, resume: bool, services: SessionServices) -> None:
        self.session_id = session_id
        self._services = services
        self._queue = PromptQueue()
        self._events = EventEmitter(session_id, services.outbox)
        self._translator = Translator(self._events.emit)
        self._permissions = Permissions(wanted.permission_mode, self._translator.emit)
        self._meter = TurnUsageMeter()
        self._last_words: deque[str] = deque(maxlen=1)
        notebook = NotebookServer(wanted.host_tools, self._host_tool)
        self._client = ClaudeSDKClient(
            sdk_options(
                wanted,
                session_id=session_id,
                resume=resume,
                start=services.start,
                way_out_port=services.way_out_port,
                store=services.store,
                can_use_tool=self._permissions.can_use_tool,
                hooks=ToolHooks(self._after_tool, notebook).matchers(),
                host_tools=notebook.config,
                stderr=self._last_words.append,
            )
        )
        self._scope = anyio.CancelScope()
        self._tasks: TaskGroup | None = None
        self._own_turn = False
        self._own_turn_over = anyio.Event()
        self._ready = anyio.Event()
        self._end = failed("session_closed", "The session was closed.")
        self.closed = anyio.Event()

    # -- what the host may ask ------------------------------------------------------------------------------------

    @property
    def status(self) -> SessionStatus:
        """What the host sees of this session."""
        working = self._events.turn is not None or self._own_turn or len(self._queue) > 0
        state = "closed" if self.closed.is_set() else "opening" if self._tasks is None else "idle"
        return SessionStatus(
            session_id=self.session_id,
            state="working" if working and state == "idle" else state,  # type: ignore[arg-type]
            turn_id=self._events.turn_id,
            queued=len(self._queue),
            background_tasks=self._translator.background_tasks,
        )

    def prompt(self, prompt: Prompt) -> None:
        """Queue one turn."""
        if self.closed.is_set():
            self._events.say(prompt.turn_id, self._end)
        else:
            self._queue.put(prompt)
            self._services.changed()

    def cancel(self, turn_id: str) -> None:
        """Take a queued turn back: it ends as interrupted. One that runs is not touched."""
        if self._queue.cancel(turn_id):
            self._events.say(turn_id, TurnEnded(status="interrupted"))
            self._services.changed()

    def interrupt(self) -> None:
        """Stop what runs; people are told within a second. No effect when nothing does."""
        turn = self._events.turn
        if self._tasks is None:
            return
        if turn is None:
            if self._own_turn:
                self._tasks.start_soon(interrupt, self._client)
        elif not turn.interrupted:
            turn.interrupted = True
            self._translator.keep_partial()
            self._permissions.settle_all("interrupt")
            self._services.host_tools.give_up(self.session_id)
            self._tasks.start_soon(self._stop, turn)

    def answer(self, frame: AnswerPermission) -> None:
        """A person's decision."""
        self._permissions.answer(frame)

    async def set_model(self, model: str | None) -> None:
        """Later answers come from this model. Raises `TurnError` if the CLI refuses."""
        await self._asked(self._client.set_model, model)

    async def set_permission_mode(self, mode: PermissionMode) -> None:
        """Raises `TurnError` if the CLI refuses."""
        await self._asked(self._client.set_permission_mode, sdk_mode(mode))
        self._permissions.mode = mode

    async def context_usage(self) -> Any:
        """The SDK's breakdown of the context window. Raises `TurnError` if the CLI refuses."""
        return await self._asked(self._client.get_context_usage)

    async def close(self) -> None:
        """End the client; a running turn is interrupted first, so that its transcript is whole. Idempotent."""
        turn = self._events.turn
        if turn is not None:
            self.interrupt()
            with anyio.move_on_after(TELL_SECONDS * 3):
                await turn.done.wait()
        self._scope.cancel()
        await self.closed.wait()

    # -- the one task ---------------------------------------------------------------------------------------------

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Connect, say so by `task_status`, and serve until closed or until the CLI dies.

        Raises:
            TurnError: the CLI could not be started; only before `task_status` was told.
        """
        try:
            with self._scope:
                await self._connect()
                task_status.started()
                async with anyio.create_task_group() as self._tasks:
                    self._ready.set()
                    self._services.changed()
                    self._tasks.start_soon(self._translator.deltas.run)
                    self._tasks.start_soon(self._send_prompts)
                    self._end = await self._read()
                    self._tasks.cancel_scope.cancel()
        finally:
            with anyio.move_on_after(_DISCONNECT_SECONDS, shield=True) as scope:
                await self._client.disconnect()
            if scope.cancelled_caught:
                logger.warning("the CLI of session %s did not end in time", self.session_id)
            self._finish()
        if self._tasks is None:
            raise TurnError("The session was closed before it was open.")

    async def _connect(self) -> None:
        try:
            await self._client.connect()
        except Exception as err:  # the SDK raises plain exceptions, too; all of them mean that there is no session
            said = self._last_words[0] if self._last_words else ""
            sentence = f"The agent could not start: {err} {said}".strip()
            self._end = failed("agent_start", sentence)
            raise TurnError(sentence) from err

    async def _send_prompts(self) -> None:
        while True:
            await self._queue.filled()
            while self._own_turn:  # else its words would look like the answer to this prompt
                await self._own_turn_over.wait()
            self._events.turn = turn = self._queue.pop()
            if turn is None:
                continue
            self._services.changed()
            try:
                await self._client.query(_once(turn.message()))
            except ClaudeSDKError as err:
                logger.info("a prompt could not be sent: %s", type(err).__name__)  # the reader learns why and ends all
            await turn.done.wait()

    async def _read(self) -> TurnEnded:
        """Take messages until the CLI is gone; why it went."""
        try:
            async for message in self._client.receive_messages():
                self._take(message)
        except Exception as err:  # noqa: BLE001 - whatever the SDK's reader met, this session is over, the runner is not
            logger.warning("session %s ended: %s", self.session_id, type(err).__name__)
            if isinstance(err, ProcessError) and err.exit_code in _KILLED:
                return failed("agent_killed", "The agent's process was killed, most likely for lack of memory.")
        return failed("agent_died", "The agent's process ended unexpectedly; the conversation can go on.")

    def _take(self, message: Any) -> None:
        before = self._translator.background_tasks
        self._translator.feed(message)
        if isinstance(message, ResultMessage):
            self._end_own_turn()
            turn = self._events.turn
            if turn is not None and turn.answered_by(message):
                self._turn_done(turn, message)
            self._services.changed()
        elif isinstance(message, StreamEvent) and self._events.turn is None and not self._own_turn:
            self._own_turn = True  # the CLI began it: a background task has news
            self._own_turn_over = anyio.Event()
            self._services.changed()
        elif before != self._translator.background_tasks:
            self._services.changed()

    def _turn_done(self, turn: QueuedPrompt, result: ResultMessage) -> None:
        self._permissions.settle_all("turn_end")
        self._services.host_tools.give_up(self.session_id)
        usage, cost_usd = self._meter.turn(result)
        ended = turn_ended(
            result,
            usage,
            cost_usd,
            interrupted=turn.interrupted,
            model=self._translator.model,
            context_tokens=self._translator.context_tokens,
        )
        self._events.end(turn, ended)
        self._events.turn = None
        turn.done.set()

    def _end_own_turn(self) -> None:
        self._own_turn = False
        self._own_turn_over.set()

    async def _stop(self, turn: QueuedPrompt) -> None:
        def tell() -> None:
            self._translator.deltas.flush()
            self._events.end(turn, TurnEnded(status="interrupted"))

        if not await stop_turn(self._client, turn, tell):
            self._end = failed("agent_stuck", "The agent did not stop and was ended; the conversation can go on.")
            self._scope.cancel()

    async def _after_tool(self, tool_name: str, tool_use_id: str, duration_ms: int) -> str:
        self._translator.tool_took(tool_use_id, duration_ms)
        return await self._services.workspace.sync(self.session_id, self._events.turn_id, tool_name)

    async def _host_tool(self, tool_use_id: str, name: str, arguments: Json) -> HostToolAnswer:
        tools = self._services.host_tools
        return await tools.call(self.session_id, self._events.turn_id, tool_use_id, name, arguments)

    async def _asked(self, method: Callable[..., Awaitable[T]], *args: Any) -> T:
        await self._ready.wait()
        try:
            return await method(*args)
        except Exception as err:  # the SDK raises plain exceptions for what the CLI refuses
            raise TurnError(str(err) or type(err).__name__) from err

    def _finish(self) -> None:
        self._permissions.settle_all("turn_end")
        self._services.host_tools.give_up(self.session_id)
        self._translator.deltas.flush()
        self._translator.background_tasks = 0
        turn = self._events.turn
        for open_turn in [*([turn] if turn is not None else []), *self._queue.drain()]:
            self._events.end(open_turn, self._end)
            open_turn.done.set()
        self._events.turn = None
        self._end_own_turn()
        self._ready.set()
        self.closed.set()
        self._services.changed()


async def _once(message: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    yield message
