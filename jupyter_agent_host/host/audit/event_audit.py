"""What the audit log takes from one notebook's journalled events: decisions of people, sandboxes' lives."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from jupyter_agent_host.host.audit.audit_log import AuditLog
from jupyter_agent_host.host.audit.audit_record import AuditRecord
from jupyter_agent_host.protocol.events import EventRecord, PermissionAsked, PermissionSettled, SandboxState

_MAX_ASKED = 256
_NAME_CHARACTERS = 100


class EventAudit:
    """Call it with each batch of one notebook's records."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._asked: OrderedDict[str, str] = OrderedDict()
        self._provider = ""

    def __call__(self, records: Sequence[EventRecord]) -> None:
        for record in records:
            if isinstance(record.event, PermissionAsked):
                self._ask(record.event)
            elif isinstance(record.event, PermissionSettled):
                self._settle(record, record.event)
            elif isinstance(record.event, SandboxState):
                self._sandbox(record, record.event)

    def _ask(self, asked: PermissionAsked) -> None:
        self._asked[asked.request_id] = f"{asked.source}: {asked.tool_name[:_NAME_CHARACTERS]}"
        while len(self._asked) > _MAX_ASKED:
            self._asked.popitem(last=False)

    def _settle(self, record: EventRecord, settled: PermissionSettled) -> None:
        self._log.note(
            AuditRecord(
                kind="approval",
                notebook_id=record.notebook_id,
                session_id=record.session_id,
                turn_id=record.turn_id,
                actor=settled.by,
                outcome=settled.decision,
                rule=self._asked.pop(settled.request_id, ""),
                name=settled.request_id[:_NAME_CHARACTERS],
                detail="for this notebook" if settled.remember == "notebook" else "",
            )
        )

    def _sandbox(self, record: EventRecord, state: SandboxState) -> None:
        if state.state not in ("ready", "stopped", "lost"):
            return
        started = state.state == "ready"
        self._provider = state.provider or self._provider
        self._log.note(
            AuditRecord(
                kind="sandbox_started" if started else "sandbox_stopped",
                notebook_id=record.notebook_id,
                session_id=record.session_id,
                turn_id=record.turn_id,
                name=self._provider,
                detail=state.isolation if started else state.detail or state.state,
            )
        )
