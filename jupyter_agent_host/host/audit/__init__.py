"""What an administrator can read afterwards: who got out where, who allowed what, which sandboxes lived when."""

from __future__ import annotations

from jupyter_agent_host.host.audit.file import RotatingFile
from jupyter_agent_host.host.audit.log import AuditLog
from jupyter_agent_host.host.audit.record import AuditRecord
from jupyter_agent_host.host.audit.watch import EventAudit

__all__ = ["AuditLog", "AuditRecord", "EventAudit", "RotatingFile"]
