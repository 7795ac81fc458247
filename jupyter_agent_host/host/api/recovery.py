"""What an earlier host left: sandboxes that still live are taken over, the others are cleared away.

Only sandboxes of this data folder whose host is dead are touched; a living neighbour holds its notebook's lease.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Set as AbstractSet

import anyio
import anyio.to_thread

from jupyter_agent_host.errors import LeaseHeldError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.manager import Manager
from jupyter_agent_host.host.sandboxes.sandbox_connection import LiveSandbox
from jupyter_agent_host.host.sessions.session_options import session_options
from jupyter_agent_host.host.turns import turn_endings
from jupyter_agent_host.host.turns.queued_turn import QueuedTurn
from jupyter_agent_host.host.turns.unfinished_turns import UnendedTurn, unended_turns
from jupyter_agent_host.host.workspace.notebook_workspace import workspace_for
from jupyter_agent_host.protocol.events import TurnEnded
from jupyter_agent_host.sandbox.provider import Provider, Sandbox
from jupyter_agent_host.store.journal.rows import SandboxRow

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
        except Exception:  # a provider is a plug-in; whatever ails it, the server's host has to open
            logger.exception("sandboxes of %s cannot be looked for now", name)
            rows = [row for row in rows if row.provider != name]
            continue
        found.update({sandbox.id: sandbox for sandbox in sandboxes})
    taken: set[str] = set()
    for row in reversed(rows):  # where one notebook has two, the newer one is its own
        try:
            taken.add(await _take(manager, row, provider_named(row.provider), found.get(row.sandbox_id)))
        except Exception:  # one broken sandbox must not keep the server's host from opening
            logger.exception("sandbox %s cannot be taken over", row.sandbox_id[:12])
    await _end_lost_turns(manager, except_for=taken)


async def _take(manager: Manager, row: SandboxRow, provider: Provider, sandbox: Sandbox | None) -> str:
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
    if driver.agent.live is not None:
        await sandbox.destroy()
        await services.journal.drop_sandbox(row.sandbox_id)
        return row.notebook_id
    report = await provider.probe()
    workspace = await anyio.to_thread.run_sync(workspace_for, notebook, services.settings, services.layers, report)
    await workspace.prepare()
    live = LiveSandbox(sandbox, row.token, workspace, driver.listener)
    live.fresh, live.started = False, row.created
    running = await unended_turns(services.journal, notebook)
    for waiting in running[1:]:  # what was attached to their prompts is not in the journal
        await driver.agent.end_turn(await _again(driver.agent, waiting), _LOST)
    turn = await _again(driver.agent, running[0]) if running else None
    driver.adopt(live, turn, running[0].asked if running else ())
    logger.info("took over sandbox %s of %s", sandbox.id[:12], row.notebook_id)
    return row.notebook_id


async def _again(agent: NotebookAgent, unended: UnendedTurn) -> QueuedTurn:
    return QueuedTurn(
        request=unended.request,
        session_id=unended.row.session_id,
        options=await session_options(agent, unended.request),
        actor=unended.row.actor,
        turn_id=unended.row.turn_id,
        started=unended.row.started,
    )


async def _end_lost_turns(manager: Manager, except_for: AbstractSet[str]) -> None:
    """End what no sandbox runs any more; but a turn that waits for a person goes on waiting, parked."""
    journal = manager.services.journal
    for notebook in await journal.list_notebooks():
        if notebook.notebook_id in except_for:
            continue
        running = await unended_turns(journal, notebook)
        if not running:
            continue
        try:
            await journal.acquire_lease(notebook.notebook_id, manager.services.owner)
        except LeaseHeldError:
            continue
        parked = running[0] if running[0].asked and not running[0].request.headless else None
        lost = running[1:] if parked else running
        await journal.write([turn_endings.event_of(turn.row, _LOST) for turn in lost])
        if parked is None:
            await journal.release_lease(notebook.notebook_id, manager.services.owner)
        else:
            driver = await manager.driver_for(notebook)
            driver.adopt_parked(await _again(driver.agent, parked), parked.asked)
