"""One sandbox in use: its control channel, its open session, its workspace. Ends when the sandbox does."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import anyio
import msgspec

from jupyter_agent_host.errors import (
    AgentHostError,
    DiskLimitError,
    SandboxGoneError,
    SandboxOutOfMemoryError,
    TurnError,
)
from jupyter_agent_host.host.sandboxes.control_channel import Channel, ChannelOwner, new_request_id
from jupyter_agent_host.host.sandboxes.transcript_upload import put_transcript
from jupyter_agent_host.host.workspace import Workspace
from jupyter_agent_host.protocol.control import (
    CloseSession,
    OpenSession,
    SessionOptions,
    SessionStatus,
    SetModel,
    SetPermissionMode,
    Shutdown,
)
from jupyter_agent_host.sandbox.provider import Sandbox
from jupyter_agent_host.sandbox.runner_health import fetch_health
from jupyter_agent_host.sandbox.spec import ExitState

logger = logging.getLogger(__name__)

_OPEN_SECONDS = 90
_SHUTDOWN_SECONDS = 12
_DRAIN_SECONDS = 10
_LOOK_SECONDS = 1.0
_PAUSE_FACTOR = 20


@dataclass(frozen=True)
class Opening:
    """How the session is to be opened: `source` is the session that a fork copies, `fork_at` its last message then."""

    session_id: str
    options: SessionOptions
    source: str = ""
    fork_at: str = ""


Transcript = Sequence[tuple[str, bytes]]
LoadTranscript = Callable[[str], Awaitable[Transcript]]
"""Reads a session's transcript as (subpath, entry) pairs; empty for a session that never spoke."""


class LiveSandbox:
    """Made by `launch` or on reattachment; `run` must be running for anything to happen."""

    def __init__(self, sandbox: Sandbox, token: str, workspace: Workspace, owner: ChannelOwner) -> None:
        self.sandbox = sandbox
        self.token = token
        self.workspace = workspace
        self.channel = Channel(sandbox, token, owner)
        self.statuses: tuple[SessionStatus, ...] = ()
        self.gone = anyio.Event()
        self.exit: ExitState | None = None
        self.fresh = True
        self.started = time.time()
        self.overfull = ""
        self._opened: Opening | None = None
        self._scope = anyio.CancelScope()

    async def run(self, on_gone: Callable[[], None]) -> None:
        """Keep the channel until the sandbox ends or `let_go` is called; says so exactly once."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch_layer)
            await self._keep_channel(on_gone)
            tasks.cancel_scope.cancel()

    async def _keep_channel(self, on_gone: Callable[[], None]) -> None:
        try:
            with self._scope:
                await self.channel.run()
        except AgentHostError as err:
            logger.warning("sandbox %s: %s", self.sandbox.id[:12], err)
            self.exit = ExitState(exit_code=None, detail=str(err))
        except Exception as err:  # what comes out of a sandbox may find our bugs, but ends nobody's agent but its own
            logger.exception("sandbox %s cannot be gone on with", self.sandbox.id[:12])
            self.exit = ExitState(exit_code=None, detail=f"The host could not go on with it ({type(err).__name__}).")
        finally:
            with anyio.move_on_after(10, shield=True):
                self.exit = self.exit or await self._exit_state()
            self.gone.set()
            on_gone()

    def let_go(self) -> None:
        """Stop dialling; the sandbox itself is left alone."""
        self._scope.cancel()

    @property
    def background_tasks(self) -> int:
        return sum(status.background_tasks for status in self.statuses)

    def has_open(self, session_id: str) -> bool:
        """Whether the runner serves that session now."""
        return session_id in self._open_sessions()

    async def leave_others(self, opening: Opening) -> None:
        """End every SDK client that cannot serve `opening`; transcripts are flushed before this returns.

        One that an earlier host opened has options that we do not know. Others would only eat memory: a notebook has
        one conversation at a time, and a fork's source must be whole before it is copied.

        Raises:
            AgentHostError: as `ensure_session`.
            TimeoutError: the sandbox says nothing.
        """
        # A sandbox that was taken over may not have said yet what is open in it.
        with anyio.fail_after(_OPEN_SECONDS):
            await self.channel.greeted()
        opened = self._opened
        fits = opened is not None and opened.session_id == opening.session_id
        if opened is not None and not (fits and self._same_client(opened.options, opening.options)):
            self._opened = None
            await self._close(opened.session_id)
        kept = self._opened.session_id if self._opened is not None else ""
        for session_id in self._open_sessions() - {kept, opened.session_id if opened is not None else ""}:
            with suppress(TurnError):  # it is not open any more, and the status that says so is on its way
                await self._close(session_id)

    async def ensure_session(self, opening: Opening, load: LoadTranscript) -> bool:
        """Open the session as asked, or bring the open one to the same options. True when it was opened anew.

        To be called after `leave_others`.

        Raises:
            AgentHostError: the runner refused, or the sandbox is gone.
        """
        if self._opened is not None:
            await self._adjust(self._opened.options, opening.options)
            self._opened = opening
            return False
        await self._open(opening, await load(opening.source or opening.session_id))
        self._opened = replace(opening, source="", fork_at="")
        return True

    async def end(self) -> bool:
        """Let the runner flush and exit, then destroy the sandbox. Idempotent, bounded, safe when it is gone.

        False when its engine did not do it: then the next host that starts has to.
        """
        with anyio.move_on_after(_SHUTDOWN_SECONDS, shield=True):
            try:
                if not self.gone.is_set() and self.channel.hello is not None:
                    await self.channel.send(Shutdown())
                    await self.gone.wait()
            except AgentHostError as err:
                logger.info("sandbox %s did not say goodbye: %s", self.sandbox.id[:12], err)
        self.let_go()
        with anyio.move_on_after(30, shield=True):
            try:
                await self.sandbox.destroy()
            except Exception:  # a provider is a plug-in; whatever it raises, the sandbox may still be there
                logger.exception("sandbox %s could not be ended", self.sandbox.id[:12])
            else:
                await self._release()
                return True
        logger.warning("sandbox %s outlived its notebook; the next start takes care of it", self.sandbox.id[:12])
        return False

    async def _watch_layer(self) -> None:
        """Give the sandbox up once its layer is too large, where nothing but looking keeps it small.

        Nothing that it says from then on counts; whoever waits for `gone` ends it. The more looking costs, the longer
        the pause: a layer of many files is no reason to keep the disk busy.
        """
        while self.workspace.watched and not self.overfull:
            began = time.monotonic()
            try:
                self.overfull = await self.workspace.overfull()
            except Exception:  # what lies in the layer is the sandbox's; whatever it does there, the watch goes on
                logger.exception("the private files of sandbox %s could not be looked at", self.sandbox.id[:12])
            if self.overfull:
                logger.warning("sandbox %s passed the disk limit and is ended", self.sandbox.id[:12])
                self.let_go()
            await anyio.sleep(max(_LOOK_SECONDS, _PAUSE_FACTOR * (time.monotonic() - began)))

    async def _release(self) -> None:
        try:
            await self.workspace.release()
        except OSError:
            logger.exception("what was mounted for the sandbox %s stays for now", self.sandbox.id[:12])

    async def _exit_state(self) -> ExitState | None:
        try:
            return await self.sandbox.exit_state()
        except (AgentHostError, OSError) as err:
            return ExitState(exit_code=None, detail=str(err))

    def gone_error(self) -> SandboxGoneError:
        """Why it ended, as a sentence for a person."""
        if self.overfull:
            return DiskLimitError(self.overfull)
        if self.exit is not None and self.exit.oom_killed:
            return SandboxOutOfMemoryError(
                "The sandbox ran out of memory and was stopped. The conversation is kept; the next prompt goes on in a"
                " new sandbox. Raise AgentHost.mem_limit if the work needs more."
            )
        code = "" if self.exit is None or self.exit.exit_code is None else f" (exit code {self.exit.exit_code})"
        return SandboxGoneError(
            f"The sandbox ended in the middle of the turn{code}. The conversation is kept; the next prompt goes on in a"
            " new sandbox."
        )

    def _open_sessions(self) -> set[str]:
        hello = self.channel.hello
        statuses = self.statuses or (hello.sessions if hello is not None else ())
        return {status.session_id for status in statuses if status.state != "closed"}

    async def _close(self, session_id: str) -> None:
        await self.channel.command(
            CloseSession(request_id=new_request_id(), session_id=session_id), timeout_seconds=_OPEN_SECONDS
        )
        await self._drain()

    async def _drain(self) -> None:
        """Wait until everything the runner had to say is in the journal."""
        with anyio.fail_after(_DRAIN_SECONDS):
            # The runner does not tell when its outbox is empty, so it is asked.
            while (await fetch_health(await self.sandbox.connect(), self.token)).outbox_items:  # noqa: ASYNC110
                await anyio.sleep(0.02)

    async def _open(self, opening: Opening, transcript: Transcript) -> None:
        if transcript:
            stream = await self.sandbox.connect()
            await put_transcript(stream, self.token, opening.source or opening.session_id, transcript)
        mode = ("fork" if opening.source else "resume") if transcript else "new"
        await self.channel.command(
            OpenSession(
                request_id=new_request_id(),
                session_id=opening.session_id,
                mode=mode,  # type: ignore[arg-type]
                source_session_id=opening.source if transcript else "",
                fork_at=opening.fork_at if transcript else "",
                options=opening.options,
            ),
            timeout_seconds=_OPEN_SECONDS,
        )

    @staticmethod
    def _same_client(old: SessionOptions, new: SessionOptions) -> bool:
        """Whether one SDK client can serve both: model and mode can be changed while it runs, the rest cannot."""
        changed = {"model": new.model, "permission_mode": new.permission_mode, "max_budget_usd": new.max_budget_usd}
        return msgspec.structs.replace(old, **changed) == new

    async def _adjust(self, old: SessionOptions, new: SessionOptions) -> None:
        session_id = self._opened.session_id if self._opened else ""
        if new.model != old.model:
            await self.channel.command(SetModel(request_id=new_request_id(), session_id=session_id, model=new.model))
        if new.permission_mode != old.permission_mode:
            await self.channel.command(
                SetPermissionMode(request_id=new_request_id(), session_id=session_id, mode=new.permission_mode)
            )
