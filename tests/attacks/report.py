"""The table of all attempts: their names and what they try, and what became of them in this run."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from field import INSIDE, Result

PROGRAMS = {
    "network": "network, past the gateway",
    "smuggling": "the gateway's rules, by other spellings",
    "files": "file system and devices",
    "kernel": "kernel",
    "hunting": "credentials",
    "workspace": "the workspace, and what runs later",
    "protocol": "speaking as somebody else",
    "user": "another user of the machine",
    "rogue": "a runner of the attacker's own",
    "resources": "more than its share",
    "model_api": "the model's API",
}


OPEN: dict[str, str] = {}
"""Attempts that are known to succeed, and why. They are tried all the same: when they fail, this is to be deleted."""


GVISORS_OWN = (
    *("ptrace_a_process", "user_namespace", "mount_namespace", "io_uring", "read_the_kernel_log", "negative_nice"),
)
"""What gVisor grants, since it is its own kernel that is asked and not the machine's."""

CONTROL = "honest"
"""No attempt, but what shows that the others could have arrived."""


@dataclass
class Row:
    """One attempt. `outside` is its positive control; `inside` maps the kind of sandbox to what it came to there."""

    outside: Result
    inside: dict[str, Result] = field(default_factory=dict)


ROWS: dict[tuple[str, str], Row] = {}
"""Of this run, by program and name."""


def enter(program: str, kind: str, outside: Mapping[str, Result], inside: Mapping[str, Result]) -> None:
    """Put one program's results into the table."""
    for name, result in outside.items():
        row = ROWS.setdefault((program, name), Row(result))
        if name in inside:
            row.inside[kind] = inside[name]


def lines() -> list[str]:
    """The table of this run as text."""
    kinds = sorted({kind for row in ROWS.values() for kind in row.inside})
    told = [f"{'attempt':58}{'outside':12}" + "".join(f"{kind:12}" for kind in kinds) + "what it came to"]
    for (program, name), row in ROWS.items():
        cells = [f"{_verdict(row.inside.get(kind)):12}" for kind in kinds]
        said = "; ".join(dict.fromkeys(" ".join(result.said.split()) for result in row.inside.values()))
        told.append(f"{program + '/' + name:58}{_verdict(row.outside):12}{''.join(cells)}{said[:90]}")
    counted = sum(row.outside.got and bool(row.inside) for row in ROWS.values())
    told.append(f"{len(ROWS)} attempts, {counted} of which work outside and so count")
    return told


def _verdict(result: Result | None) -> str:
    if result is None:
        return "not run"
    return "works" if result.got else "refused"


def attempts(program: str) -> list[tuple[str, str]]:
    """Names and first sentences of a program's attempts, read from its source without running it."""
    source = ast.parse((INSIDE / f"{program}.py").read_text(encoding="utf-8"))
    found = [
        (node.name, _first(ast.get_docstring(node)))
        for node in source.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and any(_is_attempt(mark) for mark in node.decorator_list)
    ]
    for node in source.body:  # those made in a loop over a table: (name, spelling, sentence)
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
            rows = [ast.literal_eval(entry) for entry in node.iter.elts]
            found += [(f"tunnel_{name}", sentence) for name, _, sentence in rows]
    return [(name, what) for name, what in found if name != CONTROL]


def _is_attempt(mark: ast.expr) -> bool:
    return isinstance(mark, ast.Name) and mark.id == "attempt"


def _first(text: str | None) -> str:
    return " ".join((text or "").split())


ROOT = Path(__file__).parents[2]
