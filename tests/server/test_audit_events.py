"""Audit records are Jupyter events of a published schema."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import anyio
import msgspec
import pytest
from jupyter_events import EventLogger

from jupyter_agent_host.host.audit import AuditRecord
from jupyter_agent_host.host.audit.audit_record import Kind
from jupyter_agent_host.server.app import AUDIT_EVENT

pytestmark = pytest.mark.anyio


async def test_every_record_fits_the_schema() -> None:
    events = EventLogger()
    schemas = files("jupyter_agent_host.server").joinpath("event_schemas")
    events.register_event_schema(Path(str(schemas.joinpath("audit.yaml"))))
    heard: list[dict[str, Any]] = []

    async def listener(logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:
        heard.append(data)

    events.add_listener(schema_id=AUDIT_EVENT, listener=listener)
    fields = {field.name: field for field in msgspec.structs.fields(AuditRecord)}
    filled = {
        name: "text" if field.type is str else 7 for name, field in fields.items() if name not in ("kind", "time")
    }
    for kind in get_args(Kind):
        events.emit(schema_id=AUDIT_EVENT, data=msgspec.to_builtins(AuditRecord(kind=kind, **filled)))
        events.emit(schema_id=AUDIT_EVENT, data=msgspec.to_builtins(AuditRecord(kind=kind)))
    with anyio.fail_after(10):
        while len(heard) < 2 * len(get_args(Kind)):  # noqa: ASYNC110 - a list has no event
            await anyio.sleep(0.01)
    properties = events.schemas.get(AUDIT_EVENT).properties
    assert set(fields) == set(properties), "the schema tells of every field, and of no other"
