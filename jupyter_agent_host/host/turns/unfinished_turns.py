"""Turns that an earlier host accepted and did not see the end of, as the journal has them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import msgspec

from jupyter_agent_host.protocol.events import EventRecord, PermissionAsked, PermissionSettled, TurnStarted
from jupyter_agent_host.protocol.host_api import PromptRequest
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import NotebookRow, TurnRow

logger = logging.getLogger(__name__)

_MAX_EVENTS = 100_000


@dataclass(frozen=True)
class UnendedTurn:
    """One such turn: its row, what it was asked with, and its questions that nobody answered yet.

    Attachments are not in the journal, so they are not in `request`.
    """

    row: TurnRow
    request: PromptRequest
    asked: tuple[PermissionAsked, ...]


async def unended_turns(journal: Journal, notebook: NotebookRow) -> list[UnendedTurn]:
    """In the order they were asked: the first may have run, the others waited."""
    sessions = await journal.sessions(notebook.notebook_id)
    rows = [turn for session in sessions for turn in await journal.turns(session.session_id) if turn.ended is None]
    return [await _read(journal, row) for row in sorted(rows, key=lambda row: row.started)]


async def _read(journal: Journal, row: TurnRow) -> UnendedTurn:
    records = await journal.events(row.notebook_id, turn_id=row.turn_id, limit=_MAX_EVENTS)
    return UnendedTurn(row, _request(row, records), _open_questions(records))


def _request(row: TurnRow, records: list[EventRecord]) -> PromptRequest:
    started = next((record.event for record in records if isinstance(record.event, TurnStarted)), None)
    if started is None:
        return PromptRequest(prompt=row.prompt, cell_id=row.cell_id)
    given = {
        "prompt": row.prompt,
        "cellId": row.cell_id,
        "origin": started.origin,
        "model": started.model or None,
        "permissionMode": started.permission_mode or None,
        "maxTurns": started.max_turns,
        "maxBudgetUsd": started.max_budget_usd,
        "headless": started.headless,
    }
    try:
        return msgspec.convert(given, PromptRequest)
    except msgspec.ValidationError as err:  # of a newer version: its turn can be ended, if not served
        logger.warning("turn %s was asked with something unknown here: %s", row.turn_id[:8], err)
        return PromptRequest(prompt=row.prompt, cell_id=row.cell_id)


def _open_questions(records: list[EventRecord]) -> tuple[PermissionAsked, ...]:
    asked: dict[str, PermissionAsked] = {}
    for record in records:
        if isinstance(record.event, PermissionAsked):
            asked[record.event.request_id] = record.event
        elif isinstance(record.event, PermissionSettled):
            asked.pop(record.event.request_id, None)
    return tuple(asked.values())
