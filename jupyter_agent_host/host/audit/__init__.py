"""What an administrator can read afterwards: who got out where, who allowed what, which sandboxes lived when.

Owns the audit file and the records. Called by whoever has something to record. Entered by `audit_log.AuditLog`.
"""

from __future__ import annotations

from jupyter_agent_host.host.audit.audit_log import AuditLog
from jupyter_agent_host.host.audit.audit_record import AuditRecord
from jupyter_agent_host.host.audit.event_audit import EventAudit
from jupyter_agent_host.host.audit.rotating_file import RotatingFile

__all__ = ["AuditLog", "AuditRecord", "EventAudit", "RotatingFile"]
