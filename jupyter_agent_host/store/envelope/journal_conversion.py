"""Between journal and notebook: what a notebook shall remember, and what a journal takes from one."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from functools import partial

from jupyter_agent_host.store.envelope.envelope_model import Cost
from jupyter_agent_host.store.envelope.envelope_reader import Envelope, EnvelopeTurn
from jupyter_agent_host.store.envelope.turn_chunks import TurnChunkSource
from jupyter_agent_host.store.envelope.turn_summary import TurnSummary
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.new_items import ImportedTurn, NewEntries, WriteItem
from jupyter_agent_host.store.journal.rows import LedgerSum, TurnRow
from jupyter_agent_host.store.journal.tables import transcript_table, turn_table


async def chunk_sources(journal: Journal, session_id: str) -> list[TurnChunkSource]:
    """The ended turns of a conversation with what each added to the transcript, oldest first.

    Turns that a fork inherited come without entries: the fork's own first turn holds the copy that it began with.
    Empty as long as the session has no ended turn of its own.
    What was appended after the last ended turn belongs to the next one.
    """
    return await journal.query(partial(_sources, session_id=session_id))


def adoption(
    envelope: Envelope, *, notebook_id: str, session_id: str = "", known: Collection[str] = ()
) -> list[WriteItem]:
    """What to write so that the journal knows a notebook's saved conversation and can go on from it.

    Args:
        envelope: one that the person or its signature vouches for.
        notebook_id: whose turns they become.
        session_id: under which session; the envelope's own by default. Give a fresh one when that id is another
            notebook's here, and fork from it.
        known: chain digests of turns that the journal has (of `Journal.lineage`); they are left out.
    """
    session = session_id or envelope.meta.session_id
    items: list[WriteItem] = []
    for turn in envelope.turns:
        if turn.summary is None or turn.chain in known:
            continue
        items += [NewEntries(session, subpath, (entry,)) for subpath, entry in turn.entries]
        items.append(ImportedTurn(_row(turn, turn.summary, notebook_id, session), tools=turn.summary.tools))
    return items


def cost_of(total: LedgerSum) -> Cost:
    """The ledger's sums in the form that a notebook holds."""
    return Cost(
        micro_usd=round(total.cost_usd * 1_000_000),
        input_tokens=total.usage.input_tokens,
        output_tokens=total.usage.output_tokens,
        cache_read_input_tokens=total.usage.cache_read_input_tokens,
        cache_creation_input_tokens=total.usage.cache_creation_input_tokens,
    )


def _sources(connection: sqlite3.Connection, session_id: str) -> list[TurnChunkSource]:
    borders = turn_table.borders(connection, session_id)
    if not borders:
        return []
    entries = sorted(transcript_table.load_session(connection, session_id))
    sources, start = [], 0
    for row in turn_table.lineage(connection, session_id):
        if row.ended is None:
            continue
        last, tools = borders.get(row.turn_id, (0, ()))
        end = start
        while end < len(entries) and entries[end][0] <= last:
            end += 1
        added = tuple((subpath, entry) for _, subpath, entry in entries[start:end])
        sources.append(TurnChunkSource(summary=_summary(row, tools), chain=row.chain_digest, entries=added))
        start = end
    return sources


def _summary(row: TurnRow, tools: tuple[str, ...]) -> TurnSummary:
    return TurnSummary(
        turn_id=row.turn_id,
        session_id=row.session_id,
        prompt=row.prompt,
        prompt_digest=row.prompt_digest,
        text=row.text,
        status=row.status,
        started=row.started,
        ended=row.ended if row.ended is not None else row.started,
        duration_ms=row.duration_ms,
        cost_usd=row.cost_usd,
        usage=row.usage,
        cell_id=row.cell_id,
        origin=row.origin,
        model=row.model,
        tools=tools,
        previous_turn_id=row.previous_turn_id,
    )


def _row(turn: EnvelopeTurn, summary: TurnSummary, notebook_id: str, session_id: str) -> TurnRow:
    return TurnRow(
        turn_id=summary.turn_id,
        notebook_id=notebook_id,
        session_id=session_id,
        seq=0,
        prompt=summary.prompt,
        prompt_digest=summary.prompt_digest,
        cell_id=summary.cell_id,
        origin=summary.origin,
        actor="",
        model=summary.model,
        started=summary.started,
        ended=summary.ended,
        status=summary.status,
        text=summary.text,
        usage=summary.usage,
        cost_usd=summary.cost_usd,
        duration_ms=summary.duration_ms,
        first_event=0,
        last_event=0,
        previous_turn_id=summary.previous_turn_id,
        chain_digest=turn.chain,
    )
