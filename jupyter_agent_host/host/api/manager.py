"""All agents of one host, by notebook: finds or makes the right one, and carries out verbs for it."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import anyio

from jupyter_agent_host.errors import AgentHostError, TurnError, UnknownNotebookError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.agents.driver import Driver
from jupyter_agent_host.host.agents.event_feed import EventFeed
from jupyter_agent_host.host.agents.shared_services import Services
from jupyter_agent_host.host.api.job_notifications import wake, wake_lost
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.api.resolver import Resolver
from jupyter_agent_host.host.api.status_report import notebook_info
from jupyter_agent_host.host.api.verbs import VERBS
from jupyter_agent_host.host.audit import EventAudit
from jupyter_agent_host.host.sessions.envelope_publisher import EnvelopePublisher
from jupyter_agent_host.host.sessions.transcript_reader import read_transcript
from jupyter_agent_host.protocol.events import EventRecord
from jupyter_agent_host.protocol.host_api import Answer, EventsRequest, NotebookInfo, Request
from jupyter_agent_host.store.journal.rows import NotebookRow, TurnRow

__all__ = ["Manager", "NotebookRef"]

logger = logging.getLogger(__name__)

OnEnvelope = Callable[[str, str, dict[str, Any]], None]


class Manager:
    """One host's notebooks. Made by `host.assembly.open_host`."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._closing = False
        self._drivers: dict[str, Driver] = {}
        self._making = anyio.Lock()
        self._publisher = EnvelopePublisher(services)
        self._resolver = Resolver(services, self._publisher, self.agent_for)

    async def call(self, ref: NotebookRef, verb: str, request: Request) -> Answer:
        """Carry out one verb of `protocol.host_api.VERBS`.

        Raises:
            AgentHostError: with a sentence for the person; `UnknownNotebookError` for an id never seen.
        """
        if self._closing:
            raise TurnError("The server is going down. The conversation is kept; ask again when it is back.")
        return await VERBS[verb](await self._agent(ref), ref, request)

    async def events(self, notebook_id: str, request: EventsRequest) -> AsyncIterator[EventRecord]:
        """Events as `EventFeed.follow` gives them: old ones first, then new ones as they come.

        Raises:
            UnknownNotebookError: no notebook of that id.
        """
        agent = await self._known(notebook_id)
        async for record in agent.feed.follow(request.after, request.turn_id):
            yield record

    def envelope(self, notebook_id: str) -> dict[str, Any] | None:
        """The prepared `metadata.agent_host`; None while nothing may be written (no turn yet, or undecided state)."""
        return self._publisher.prepared(notebook_id)

    def stripped(self, notebook_id: str) -> bool:
        """Whether a person took the session out of this notebook's file: then no save may put it back."""
        return self._publisher.stripped(notebook_id)

    def on_envelope(self, callback: OnEnvelope) -> None:
        """Call back with (notebook id, absolute path, envelope) whenever a new one is ready; {} takes it out."""
        self._publisher.callbacks.append(callback)

    async def flush(self, notebook_id: str) -> dict[str, Any] | None:
        """Wait for the running turn and give the envelope that holds it."""
        agent = await self._known(notebook_id)
        if agent.active is not None:
            await agent.active.ended.wait()
        await self._publisher.publish(agent)
        return self.envelope(notebook_id)

    async def rename(self, old_path: str, new_path: str) -> None:
        """A notebook moved within this server; its agent goes along."""
        row = await self.services.journal.notebook_by_path(old_path)
        if row is None:
            return
        driver = self._drivers.get(row.notebook_id)
        if driver is not None:
            await driver.agent.state.update(path=new_path, updated=time.time())
        else:
            await self.services.journal.put_notebook(replace(row, path=new_path, updated=time.time()))

    async def list(self) -> list[NotebookInfo]:
        """Every notebook with an agent in this host."""
        return [await notebook_info(driver.agent) for driver in list(self._drivers.values())]

    async def transcript(self, notebook_id: str, session_id: str = "") -> AsyncIterator[TurnRow | EventRecord]:
        """The turns of one of the notebook's conversations, the present one by default.

        See `host.sessions.transcript_reader`.

        Raises:
            UnknownNotebookError, UnknownSessionError.
        """
        agent = await self._known(notebook_id)
        return await read_transcript(agent, session_id or agent.row.session_id)

    async def logs(self, notebook_id: str) -> str:
        """The last lines that the notebook's runner wrote."""
        agent = await self._known(notebook_id)
        return "" if agent.live is None else await agent.live.sandbox.logs()

    def current_activity(self) -> bool:
        """Whether any turn or background task runs: a server with activity is not culled."""
        return any(driver.agent.busy for driver in self._drivers.values())

    async def agent_for(self, row: NotebookRow) -> NotebookAgent:
        """The one agent of that notebook, made if need be.

        Raises:
            LeaseHeldError: another live host drives it.
        """
        return (await self.driver_for(row)).agent

    async def driver_for(self, row: NotebookRow) -> Driver:
        """As `agent_for`, with its driver."""
        async with self._making:
            driver = self._drivers.get(row.notebook_id)
            if driver is None:
                driver = self._drivers[row.notebook_id] = await self._make(row)
            elif driver.agent.row.path != row.path:
                await driver.agent.state.update(path=row.path, updated=row.updated)
            return driver

    async def aclose(self) -> None:
        """End every turn and sandbox, all at once; give the leases back."""
        self._closing = True
        async with anyio.create_task_group() as tasks:
            for driver in self._drivers.values():
                tasks.start_soon(self._close_one, driver)

    async def _close_one(self, driver: Driver) -> None:
        notebook_id = driver.agent.row.notebook_id
        try:
            await driver.agent.leave()
            await self.services.journal.release_lease(notebook_id, self.services.owner)
        except AgentHostError as err:
            logger.warning("agent of %s did not end in order: %s", notebook_id, err)

    async def _make(self, row: NotebookRow) -> Driver:
        journal = self.services.journal
        await journal.acquire_lease(row.notebook_id, self.services.owner)
        last = await journal.last_event_number(row.notebook_id)
        feed = EventFeed(row.notebook_id, journal, last, EventAudit(self.services.network.audit))
        agent = NotebookAgent(row, self.services, feed, self._publish)
        await agent.network.load()
        turns = await journal.lineage(row.session_id)
        agent.spoke_before = any(turn.ended for turn in turns)
        agent.jobs.wake, agent.jobs.wake_lost = partial(wake, agent), partial(wake_lost, agent)
        await agent.jobs.load()
        driver = Driver(agent)
        self.services.tasks.start_soon(driver.run)
        return driver

    async def _publish(self, agent: NotebookAgent) -> None:
        try:
            await self._publisher.publish(agent)
        except Exception:  # the doors' callbacks are in there, too: a notebook unsaved must not end every other's agent
            logger.exception("the envelope of %s could not be published", agent.row.notebook_id)

    async def _agent(self, ref: NotebookRef) -> NotebookAgent:
        if ref.notebook_id and not ref.path:
            return await self._known(ref.notebook_id)
        return await self._resolver.resolve(ref)

    async def _known(self, notebook_id: str) -> NotebookAgent:
        driver = self._drivers.get(notebook_id)
        if driver is not None:
            return driver.agent
        row = await self.services.journal.notebook(notebook_id)
        if row is None:
            raise UnknownNotebookError("No notebook of that id is known here. Open the notebook first.")
        return await self.agent_for(row)
