"""Write the table of all settings into `admin-guide.md`, from the traits themselves.

Run it after a trait changed: `python docs/generate_settings.py`. With `--check` nothing is written; exit code 1 says
that the page is stale.
"""

# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from traitlets import Dict, Enum, List, TraitType

from jupyter_agent_host.server.config.agent_host_traits import AgentHost

PAGE = Path(__file__).with_name("admin-guide.md")
BEGIN, END = "<!-- settings: begin (docs/generate_settings.py writes this) -->", "<!-- settings: end -->"
_COMPUTED = {"data_dir": "`agent_host` in Jupyter's data folder"}
"""Defaults that depend on the machine, in words."""


def table() -> str:
    """All configurable traits of `AgentHost`, in the order in which the class declares them."""
    traits = AgentHost.class_traits(config=True)
    declared = [name for part in AgentHost.__mro__ for name in vars(part) if name in traits]
    rows = [_row(name, traits[name]) for name in declared]
    return "\n".join(["| setting | default | what it does |", "|---|---|---|", *rows])


def page(text: str) -> str:
    """The page with a fresh table between its marks.

    Raises:
        ValueError: the marks are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} has lost the marks around the table of settings.")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    old = PAGE.read_text(encoding="utf-8")
    new = page(old)
    if "--check" in arguments:
        return int(old != new)
    PAGE.write_text(new, encoding="utf-8")
    return 0


def _row(name: str, trait: TraitType[Any, Any]) -> str:
    return f"| `AgentHost.{name}` | {_COMPUTED.get(name) or _default(trait)} | {_cell(trait.help)}{_choices(trait)} |"


def _default(trait: TraitType[Any, Any]) -> str:
    value = trait.default() if isinstance(trait, (Dict, List)) else trait.default_value
    if value in ({}, []):
        return "empty"
    return "unset" if value in (None, "") else f"`{value!r}`"


def _choices(trait: TraitType[Any, Any]) -> str:
    inner = getattr(trait, "_trait", None) if isinstance(trait, List) else trait
    if not isinstance(inner, Enum):
        return ""
    return f" One of {', '.join(f'`{value}`' for value in inner.values or ())}."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
