"""Which agent speaks for a notebook: found by its saved state and its path, see `store.notebook_identity`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import uuid4

import anyio
import anyio.to_thread
import msgspec

from jupyter_agent_host.errors import EnvelopeCorruptError, UnknownNotebookError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.agents.shared_services import Services
from jupyter_agent_host.host.agents.untrusted_session import UntrustedSession
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.sessions import session_selection
from jupyter_agent_host.host.sessions.envelope_publisher import EnvelopePublisher, fingerprint
from jupyter_agent_host.protocol.events import Notice
from jupyter_agent_host.store.envelope.envelope import Envelope, read_envelope
from jupyter_agent_host.store.journal.rows import NotebookRow, SessionRow
from jupyter_agent_host.store.notebook_identity import UNREADABLE, Decision, EnvelopeFacts, decide, facts_of, gather

AgentFor = Callable[[NotebookRow], Awaitable[NotebookAgent]]


@dataclass(frozen=True)
class _Seen:
    """What a door showed last for a path: nothing is decided again while it shows the same, or what we published."""

    notebook_id: str
    print: str


class Resolver:
    """Decides once per notebook and state, one notebook at a time."""

    def __init__(self, services: Services, publisher: EnvelopePublisher, agent_for: AgentFor) -> None:
        self._services = services
        self._publisher = publisher
        self._agent_for = agent_for
        self._seen: dict[str, _Seen] = {}
        self._deciding = anyio.Lock()

    async def resolve(self, ref: NotebookRef) -> NotebookAgent:
        """The agent of the notebook at `ref.path`. Starts nothing; never uses saved state that nobody vouched for.

        Raises:
            UnknownNotebookError: the door gave no path.
            LeaseHeldError: another live host drives this notebook.
        """
        if not ref.path:
            raise UnknownNotebookError("This notebook has no path that the server knows. Save it first.")
        async with self._deciding:
            now = fingerprint(ref.envelope)
            seen = self._seen.get(ref.path)
            if seen is not None and (seen.print == now or self._publisher.published(seen.notebook_id, seen.print, now)):
                self._seen[ref.path] = replace(seen, print=now)
                row = await self._services.journal.notebook(seen.notebook_id)
                if row is not None and row.path == ref.path:
                    return await self._agent_for(row)
            agent = await self._decide(ref)
            self._seen[ref.path] = _Seen(agent.row.notebook_id, now)
            return agent

    async def _decide(self, ref: NotebookRef) -> NotebookAgent:
        envelope, facts, problem = await self._read(ref.envelope)
        journal_facts = await gather(self._services.journal, ref.path, envelope, _exists)
        decision = decide(ref.path, facts, journal_facts, new_id=str(uuid4()))
        agent = await self._agent_for(await self._row(ref.path, decision))
        await self._apply(agent, decision, envelope, problem or decision.sentence)
        if decision.kind == "corrupt":
            aside = await anyio.to_thread.run_sync(msgspec.json.encode, ref.envelope)
            await self._services.journal.put_aside(agent.row.notebook_id, problem or "corrupt", aside)
        await self._publisher.publish(agent)
        return agent

    async def _read(self, raw: Mapping[str, Any] | None) -> tuple[Envelope | None, EnvelopeFacts | None, str]:
        if raw is None:
            return None, None, ""
        try:
            envelope = await anyio.to_thread.run_sync(partial(read_envelope, raw))
        except EnvelopeCorruptError as err:
            return None, UNREADABLE, str(err)
        facts = await anyio.to_thread.run_sync(facts_of, envelope, self._services.settings.signing_keys)
        return envelope, facts, ""

    async def _row(self, path: str, decision: Decision) -> NotebookRow:
        """The journal's row for the decided notebook, at this path now."""
        journal, now = self._services.journal, time.time()
        row = await journal.notebook(decision.notebook_id)
        if row is None:
            row = NotebookRow(
                notebook_id=decision.notebook_id,
                path=path,
                session_id=str(uuid4()),
                model="",
                permission_mode="",
                created=now,
                updated=now,
            )
            parent = decision.session_id if decision.fork and not decision.take_over else ""
            await journal.put_notebook(row)
            await journal.put_session(
                SessionRow(
                    session_id=row.session_id,
                    notebook_id=row.notebook_id,
                    parent_session_id=parent,
                    title="",
                    created=now,
                    sdk_version="",
                    cli_version="",
                )
            )
        elif row.path != path:
            row = replace(row, path=path, updated=now)
            await journal.put_notebook(row)
        return row

    async def _apply(self, agent: NotebookAgent, decision: Decision, envelope: Envelope | None, sentence: str) -> None:
        agent.claim, agent.trust, agent.trust_reason = None, "none" if envelope is None else "own", ""
        if decision.ask and envelope is not None:
            agent.claim, agent.trust_reason = UntrustedSession(envelope), sentence
            agent.trust = decision.kind  # type: ignore[assignment]
            return
        if envelope is not None and decision.kind in ("same", "renamed", "newer"):
            self._publisher.start_from(agent.row.notebook_id, envelope.raw)
        if decision.take_over and envelope is not None:
            await session_selection.adopt_claim(agent, UntrustedSession(envelope), how="resumed", copy=decision.fork)
        if sentence:
            level = "warning" if decision.kind == "corrupt" else "info"
            agent.notices.append(Notice(level=level, code=f"notebook_{decision.kind}", text=sentence))  # type: ignore[arg-type]


async def _exists(path: str) -> bool:
    return await anyio.Path(path).exists()
