"""The gateway's ledger of record."""

from __future__ import annotations

import dataclasses
import sqlite3

from jupyter_agent_host.protocol.events import Usage
from jupyter_agent_host.store.journal.new_items import LedgerRow
from jupyter_agent_host.store.journal.rows import LedgerSum

_FIELDS = tuple(field.name for field in dataclasses.fields(LedgerRow))
_INSERT = f"INSERT INTO ledger ({', '.join(_FIELDS)}) VALUES ({', '.join('?' * len(_FIELDS))})"  # noqa: S608 (field names)


def add(connection: sqlite3.Connection, row: LedgerRow) -> None:
    connection.execute(_INSERT, dataclasses.astuple(row))


def total(connection: sqlite3.Connection, notebook_id: str, since: float | None) -> LedgerSum:
    """Sums over the requests that began at `since` or later; all without it."""
    cost, fresh, output, cached, stored, requests, refused = connection.execute(
        "SELECT TOTAL(cost_usd), COALESCE(SUM(input_tokens), 0), COALESCE(SUM(output_tokens), 0),"
        " COALESCE(SUM(cache_read_input_tokens), 0), COALESCE(SUM(cache_creation_input_tokens), 0), COUNT(*),"
        " COALESCE(SUM(refused <> ''), 0) FROM ledger WHERE notebook_id = ? AND started >= ?",
        (notebook_id, since if since is not None else 0.0),
    ).fetchone()
    usage = Usage(
        input_tokens=fresh,
        output_tokens=output,
        cache_read_input_tokens=cached,
        cache_creation_input_tokens=stored,
    )
    return LedgerSum(cost_usd=cost, usage=usage, requests=requests, refused=refused)
