"""What code could do beyond its cell, as far as reading it tells. Errs on asking: what is not understood is a risk.

This is a courtesy to the person, not a wall: code in the person's kernel runs as the person. The wall is that a call
waits for them, see `tool_permissions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

RiskClass = Literal[
    "shell", "delete", "network", "install", "files", "secrets", "code", "hidden", "page", "unknown", "permissions"
]
"""`files`: writes or reads outside the cell; `code`: runs code that cannot be seen here; `hidden`: hides what it does;
`page`: scripts in the notebook's page; `unknown`: not understood; `permissions`: touches the agent's own permissions,
which is asked in every mode and never granted for longer than once."""

NEVER_GRANTED: frozenset[str] = frozenset({"permissions"})

_SENTENCES: dict[str, str] = {
    "shell": "runs a program",
    "delete": "deletes or moves files",
    "network": "uses the network",
    "install": "installs software",
    "files": "writes files, or reads outside the notebook's folder",
    "secrets": "may read secrets",
    "code": "runs code that cannot be seen here",
    "hidden": "may hide what it does",
    "page": "puts scripts into the notebook's page",
    "unknown": "cannot be understood by the rules",
    "permissions": "touches the agent's own permissions",
}


@dataclass(frozen=True)
class Finding:
    """One reason: what kind of risk, and the words in the code that show it."""

    risk: RiskClass
    what: str


@dataclass(frozen=True)
class Risk:
    """All findings of one piece of code, in the order of the code; none: nothing was found to ask about."""

    findings: tuple[Finding, ...] = ()

    @property
    def classes(self) -> tuple[RiskClass, ...]:
        """Each kind once, sorted."""
        return tuple(sorted({finding.risk for finding in self.findings}))

    def sentence(self) -> str:
        """Why it is asked, for a person; "" when there is no reason."""
        by_class: dict[str, list[str]] = {}
        for finding in self.findings:
            words = by_class.setdefault(finding.risk, [])
            if finding.what not in words:
                words.append(finding.what)
        parts = [f"{_SENTENCES[risk]} ({', '.join(words[:3])})" for risk, words in sorted(by_class.items())]
        return f"It {'; it '.join(parts)}." if parts else ""


class Findings:
    """Collects, each finding once."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def add(self, risk: RiskClass, what: str) -> None:
        self._found[Finding(risk, what if len(what) <= _SHOWN else f"{what[:_SHOWN]}…")] = None

    def add_all(self, findings: Iterable[Finding]) -> None:
        self._found.update(dict.fromkeys(findings))

    def risk(self) -> Risk:
        return Risk(tuple(self._found))


_SHOWN = 60
