"""What a text in code points at: another machine, a place outside the notebook's folder, a secret, a script."""

from __future__ import annotations

import re

from jupyter_agent_host.host.permissions.risk_findings import Findings
from jupyter_agent_host.host.workspace.files.masked_files import Masks

_URL = re.compile(r"\b(?:https?|ftps?|sftp|ssh|s3a?|gs|gcs|abfss?|az|hdfs|wss?|smb|git|jdbc)://|^//\w", re.IGNORECASE)
_SQL_URL = re.compile(r"^\w+(\+\w+)?://")
_FILE_URL = re.compile(r"\bfile:", re.IGNORECASE)
_OUTSIDE = re.compile(r"^(?:/[\w.~]|~|[A-Za-z]:[\\/]|\\\\)|(?:^|[\\/])\.\.(?:[\\/]|$)")
_SCRIPT = re.compile(
    r"<\s*(?:script|iframe|object|embed|link|meta|base|form|svg)|\bon\w+\s*=|javascript:", re.IGNORECASE
)
_PATH_LIKE = re.compile(r"^[\w./\\~ -]{1,200}$")
_masks = Masks()


def judge_text(text: str, findings: Findings) -> None:
    """Add what a text that is given to a call says about it."""
    if _URL.search(text) or _SQL_URL.match(text):
        findings.add("network", text)
    if _OUTSIDE.search(text) or _FILE_URL.search(text):
        findings.add("files", text)
    if _PATH_LIKE.match(text) and _masks.covers(text.replace("\\", "/")):
        findings.add("secrets", text)


def holds_script(text: str) -> bool:
    """Whether HTML could run something in a page that trusts it."""
    return _SCRIPT.search(text) is not None
