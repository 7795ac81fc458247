"""What an earlier host left: sandboxes that still live are taken over, the others are cleared away.

Only sandboxes of this data folder whose host is dead are touched; a living neighbour holds its notebook's lease.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio

from jupyter_agent_host.errors import AgentHostError, LeaseHeldError
from jupyter_agent_host.host import launch, outcome
from jupyter_agent_host.host.live import LiveSandbox
from jupyter_agent_host.host.manager import Manager
from jupyter_agent_host.host.turn import Turn
from jupyter_agent_host.protocol.control import SessionOptions
from jupyter_agent_host.protocol.events import PermissionAsked, PermissionSettled, TurnEnded
from jupyter_agent_host.protocol.host_api import PromptRequest
from jupyter_agent_host.sandbox.provider import Provider, Sandbox
from jupyter_agent_host.store.journal import Journal
from jupyter_agent_host.store.rows import SandboxRow, TurnRow

logger = logging.getLogger(__name__)

_LOST = TurnEnded(
    status="error",
    error="The server stopped in the middle of this turn. The conversation is kept; ask again to go on.",
    error_code="host_lost",
)


async def recover(manager: Manager, provider_named: Callable[[str], Provider]) -> None:
    """Reattach or reap every sandbox that the journal knows, and end the turns that nothing runs any more."""
    journal = manager.services.journal
    rows = await journal.sandboxes()
    found: dict[str, Sandbox] = {}
    for name in sorted({row.provider for row in rows}):
        try:
            with anyio.fail_after(20):
                sandboxes = await provider_named(name).reattach(manager.services.host_id)
        except (AgentHostError, TimeoutError) as err:
            logger.warning("sandboxes of %s cannot be looked for now: %s", name, err)
            rows = [row for row in rows if row.provider != name]
            continue
        found.update({sandbox.id: sandbox for sandbox in sandboxes})
    taken = [notebook_id for row in rows if (notebook_id := await _take(manager, row, found.get(row.sandbox_id)))]
    await _end_lost_turns(manager, except_for=frozenset(taken))


async def _take(manager: Manager, row: SandboxRow, sandbox: Sandbox | None) -> str:
    """Take one sandbox over; its notebook's id if it goes on, "" if it was cleared away or is another host's."""
    services = manager.services
    try:
        await services.journal.acquire_lease(row.notebook_id, services.owner)
    except LeaseHeldError:
        return row.notebook_id
    notebook = await services.journal.notebook(row.notebook_id)
    gone = sandbox is None or notebook is None or await sandbox.exit_state() is not None
    if gone or sandbox is None or notebook is None:
        if sandbox is not None:
            await sandbox.destroy()
        await services.journal.drop_sandbox(row.sandbox_id)
        return ""
    driver = await manager.driver_for(notebook)
    choice_report = await services.choose()
    workspace = launch.workspace_for(notebook, services, choice_report.report)
    await workspace.prepare()
    live = LiveSandbox(sandbox, row.token, workspace, driver.listener)
    running = [turn for turn in await services.journal.turns(notebook.session_id) if turn.ended is None]
    live.fresh = False
    turn = _again(running[-1]) if running else None
    pending = await _open_questions(services.journal, row.notebook_id, turn) if turn else {}
    driver.adopt(live, turn, pending)
    logger.info("took over sandbox %s of %s", sandbox.id[:12], row.notebook_id)
    return row.notebook_id


async def _open_questions(journal: Journal, notebook_id: str, turn: Turn) -> dict[str, PermissionAsked]:
    asked: dict[str, PermissionAsked] = {}
    for record in await journal.events(notebook_id, turn_id=turn.turn_id, limit=100_000):
        if isinstance(record.event, PermissionAsked):
            asked[record.event.request_id] = record.event
        elif isinstance(record.event, PermissionSettled):
            asked.pop(record.event.request_id, None)
    return asked


def _again(row: TurnRow) -> Turn:
    return Turn(
        request=PromptRequest(prompt=row.prompt, cell_id=row.cell_id),
        session_id=row.session_id,
        options=SessionOptions(model=row.model or None),
        actor=row.actor,
        turn_id=row.turn_id,
        started=row.started,
    )


async def _end_lost_turns(manager: Manager, except_for: frozenset[str]) -> None:
    journal = manager.services.journal
    for notebook in await journal.list_notebooks():
        if notebook.notebook_id in except_for:
            continue
        running = [turn for turn in await journal.turns(notebook.session_id) if turn.ended is None]
        if not running:
            continue
        try:
            await journal.acquire_lease(notebook.notebook_id, manager.services.owner)
        except LeaseHeldError:
            continue
        await journal.write([outcome.event_of(turn, _LOST) for turn in running])
