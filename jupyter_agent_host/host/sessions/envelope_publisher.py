"""Prepares what a notebook remembers, after each turn, so that a save only has to splice it in."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.agents.shared_services import Services
from jupyter_agent_host.store.envelope.envelope import EnvelopeMeta, build_envelope, chunk_sources, cost_of

logger = logging.getLogger(__name__)

_PRINTS = 500

OnEnvelope = Callable[[str, str, dict[str, Any]], None]


class EnvelopePublisher:
    """Holds the prepared envelope of each notebook. `callbacks` hear of every new one; an empty one takes it out."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._building = anyio.Lock()
        self._prepared: dict[str, dict[str, Any]] = {}
        self._prints: dict[str, deque[str]] = {}
        self._stripped: set[str] = set()
        self.callbacks: list[OnEnvelope] = []

    def prepared(self, notebook_id: str) -> dict[str, Any] | None:
        """The value for `metadata.agent_host`; None while there is nothing that may be written."""
        return self._prepared.get(notebook_id)

    def published(self, notebook_id: str, before: str, now: str) -> bool:
        """Whether `now` is a state that we published, and not an earlier one than `before`."""
        prints = list(self._prints.get(notebook_id, ()))
        return now in prints and (before not in prints or prints.index(now) >= prints.index(before))

    def start_from(self, notebook_id: str, envelope: Mapping[str, Any]) -> None:
        """Reuse the chunks of an own envelope that the notebook already holds: its diff stays one turn long."""
        self._prepared.setdefault(notebook_id, dict(envelope))

    def withdraw(self, notebook_id: str) -> None:
        """Write nothing into this notebook until a person decided about what it holds."""
        self._prepared.pop(notebook_id, None)

    async def publish(self, agent: NotebookAgent) -> None:
        """Build the envelope anew and tell whoever listens. A failure is logged and shown by the next one."""
        if agent.claim is not None:
            self.withdraw(agent.row.notebook_id)
            return
        if agent.row.stripped:
            self._strip(agent)
            return
        self._stripped.discard(agent.row.notebook_id)
        async with self._building:
            try:
                envelope = await self._build(agent)
            except AgentHostError:
                logger.exception("the envelope of %s could not be prepared", agent.row.notebook_id)
                return
            if not envelope or envelope == self._prepared.get(agent.row.notebook_id):
                return
            self._prepared[agent.row.notebook_id] = envelope
            self._prints.setdefault(agent.row.notebook_id, deque(maxlen=_PRINTS)).append(fingerprint(envelope))
        agent.trust = "own"
        self._tell(agent, envelope)

    def stripped(self, notebook_id: str) -> bool:
        """Whether a person took the session out of the notebook, so that a save may not hold it."""
        return notebook_id in self._stripped

    def _strip(self, agent: NotebookAgent) -> None:
        notebook_id = agent.row.notebook_id
        if not self.stripped(notebook_id) or notebook_id in self._prepared:
            self._stripped.add(notebook_id)
            self.withdraw(notebook_id)
            self._tell(agent, {})

    def _tell(self, agent: NotebookAgent, envelope: dict[str, Any]) -> None:
        for callback in self.callbacks:
            callback(agent.row.notebook_id, agent.row.path, envelope)

    async def _build(self, agent: NotebookAgent) -> dict[str, Any]:
        settings, journal, row = self._services.settings, self._services.journal, agent.row
        turns = await chunk_sources(journal, row.session_id)
        if not turns:
            return {}
        sessions = {session.session_id: session for session in await journal.sessions(row.notebook_id)}
        session = sessions.get(row.session_id)
        hello = agent.live.channel.hello if agent.live is not None else None
        meta = EnvelopeMeta(
            notebook_id=row.notebook_id,
            session_id=row.session_id,
            parent_session_id=session.parent_session_id if session else "",
            sdk_version=hello.sdk_version if hello else "",
            cli_version=hello.cli_version if hello else "",
            model=row.model,
            cost=cost_of(await journal.ledger(row.notebook_id)),
        )
        build = partial(
            build_envelope,
            meta,
            turns,
            previous=self._prepared.get(row.notebook_id),
            save_state=settings.save_state,
            max_bytes=settings.max_envelope_bytes,
            keys=settings.signing_keys,
        )
        return await anyio.to_thread.run_sync(build)


def fingerprint(envelope: Mapping[str, Any] | None) -> str:
    """Names one saved state, cheaply and without believing it: two states with one name are one state to us."""
    if envelope is None:
        return ""
    chunks = envelope.get("chunks")
    last = chunks[-1] if isinstance(chunks, (list, tuple)) and chunks else None
    head = last.get("digest") if isinstance(last, Mapping) else None
    return f"{envelope.get('notebook_id')!s:.64}/{envelope.get('session_id')!s:.64}/{head!s:.64}"
