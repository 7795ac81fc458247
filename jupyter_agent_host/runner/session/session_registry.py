"""The sessions of one runner, by id."""

from __future__ import annotations

import anyio
from anyio.abc import TaskGroup

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.protocol.control import OpenSession, Prompt, SessionStatus, TurnEvent
from jupyter_agent_host.runner.connection.outbox_encoding import appends
from jupyter_agent_host.runner.connection.transcript_uploads import Uploads, require_uuid
from jupyter_agent_host.runner.sdk.session_fork import as_transcript, forked_entries
from jupyter_agent_host.runner.session.sdk_session import Session, SessionServices
from jupyter_agent_host.runner.translation.turn_end import failed


class Sessions:
    """Opens sessions into `tasks`, which outlives every control connection."""

    def __init__(self, services: SessionServices, uploads: Uploads, tasks: TaskGroup) -> None:
        self._services = services
        self._uploads = uploads
        self._tasks = tasks
        self._sessions: dict[str, Session] = {}

    @property
    def statuses(self) -> tuple[SessionStatus, ...]:
        """Every session that was opened since the runner's start, closed ones included."""
        return tuple(session.status for session in self._sessions.values())

    def get(self, session_id: str) -> Session:
        """A session, closed or not.

        Raises:
            ProtocolError: none of that id was opened.
        """
        try:
            return self._sessions[session_id]
        except KeyError:
            raise ProtocolError("No session of that id is open here.") from None

    def prepare(self, frame: OpenSession) -> Session:
        """Make a session that takes prompts at once; `start` connects it.

        Raises:
            ProtocolError: one of that id is open, the id is no UUID, or the transcript was not uploaded.
        """
        require_uuid(frame.session_id)
        known = self._sessions.get(frame.session_id)
        if known is not None and not known.closed.is_set():
            raise ProtocolError("That session is already open.")
        source = frame.source_session_id if frame.mode == "fork" else frame.session_id
        if frame.mode != "new" and not self._uploads.get(source):
            raise ProtocolError("The session's transcript was not uploaded.")
        session = Session(frame.session_id, frame.options, resume=frame.mode != "new", services=self._services)
        self._sessions[frame.session_id] = session
        self._services.changed()
        return session

    async def start(self, frame: OpenSession, session: Session) -> None:
        """Connect a prepared session.

        Raises:
            ProtocolError: the transcript cannot be forked.
            TurnError: the CLI could not be started, or refused the transcript.
        """
        try:
            if frame.mode == "fork":
                await self._fork(frame)
            await self._tasks.start(session.run)
        except BaseException:
            self._sessions.pop(frame.session_id, None)
            self._services.changed()
            raise
        finally:
            self._uploads.forget(frame.source_session_id)
            self._uploads.forget(frame.session_id)

    def refuse(self, prompt: Prompt) -> None:
        """End a turn whose session is not open here."""
        end = failed("session_closed", "The session is not open in this sandbox.")
        self._services.outbox.put(TurnEvent(session_id=prompt.session_id, turn_id=prompt.turn_id, event=end))

    async def close_all(self) -> None:
        """Close every session, side by side."""
        async with anyio.create_task_group() as closing:
            for session in self._sessions.values():
                closing.start_soon(session.close)

    async def _fork(self, frame: OpenSession) -> None:
        source = self._uploads.get(frame.source_session_id) or {}
        entries = await forked_entries(source, frame.source_session_id, frame.session_id, frame.fork_at)
        for item in appends(frame.session_id, "", entries):
            self._services.outbox.put(item)
        self._uploads.put(frame.session_id, as_transcript(entries))
