"""What one call must be asked about, by the notebook's mode, the cells' tags and the rules for code. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jupyter_agent_host.host.notebook.cells import DeleteCell
from jupyter_agent_host.host.permissions.code_risk import judge_code
from jupyter_agent_host.host.permissions.risk_findings import NEVER_GRANTED, Finding, Risk
from jupyter_agent_host.host.tools.tool import Change, ToolRequest
from jupyter_agent_host.protocol.review_api import NotebookMode

READONLY, ASK = "agent-readonly", "agent-ask"
"""Tags of cells (`metadata.tags`) that a person sets."""

_IN_TEXT = frozenset({"hidden", "permissions"})
"""Kinds of risk that are asked about already when code is written: who reads it might not see what it does."""


_NO_RISK = Risk()


@dataclass(frozen=True)
class Verdict:
    """What is to happen with a call.

    Attributes:
        decision: allow it, ask, or deny it.
        reason: why, for a person or for the agent.
        risk: what the rules found.
        grantable: whether a person may let the like through for good.
    """

    decision: Literal["allow", "ask", "deny"]
    reason: str = ""
    risk: Risk = _NO_RISK
    grantable: bool = True

    @property
    def grant_keys(self) -> tuple[str, ...]:
        """The kinds of risk that a grant must name, "" for a call without any."""
        return tuple(self.risk.classes) or ("",)


def judge(request: ToolRequest, mode: NotebookMode, granted: frozenset[str]) -> Verdict:
    """Judge a call. Blocking for milliseconds.

    Args:
        request: the call, with the cells that it concerns.
        mode: the notebook's.
        granted: kinds of risk that the person let through for this tool.
    """
    change = request.change
    tags = {tag for cell in change.cells for tag in cell.tags}
    if change.effect == "edit" and READONLY in tags:
        text = "The person tagged this cell `agent-readonly`: leave it as it is. A new cell can hold your version."
        return Verdict("deny", text)
    risk = _risk(change)
    if change.effect == "restart":
        return Verdict("ask", "A restart loses all variables.", risk, grantable=False)
    if ASK in tags:
        return Verdict("ask", "The cell is tagged agent-ask.", risk, grantable=False)
    if not NEVER_GRANTED.isdisjoint(risk.classes):
        return Verdict("ask", risk.sentence(), risk, grantable=False)
    must_ask = mode == "ask" or (mode == "ask_risky" and bool(risk.classes))
    if not must_ask or granted.issuperset(risk.classes or ("",)):
        return Verdict("allow", risk=risk)
    return Verdict("ask", risk.sentence() or "The notebook's mode is to ask each time.", risk)


def _risk(change: Change) -> Risk:
    if change.effect == "run":
        return judge_code(change.code, change.language)
    if change.effect == "edit":
        found = judge_code(change.code, change.language).findings if change.code else ()
        findings = tuple(finding for finding in found if finding.risk in _IN_TEXT)
        if any(isinstance(edit, DeleteCell) for edit in change.edits):
            findings = (*findings, Finding("delete", "a cell"))
        return Risk(findings)
    return Risk()
