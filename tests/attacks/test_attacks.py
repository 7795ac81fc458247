"""What an attacker's program tries from inside real sandboxes.

Each attempt works outside in the same run, or is said not to count. After each class the neighbour's agent and the
server answer as before.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import report
from field import Field, Result

pytestmark = [pytest.mark.timeout(400)]


def compare(field: Field, program: str, outside: dict[str, Result], inside: dict[str, Result]) -> None:
    """Every attempt is refused inside, for a reason of its own; and everybody else is well."""
    report.enter(program, field.provider, outside, inside)
    assert set(inside) == {name for name, _ in report.attempts(program)}
    broken = [result for result in (*outside.values(), *inside.values()) if result.said.startswith("BROKEN")]
    assert broken == []
    field.check_neighbour()
    assert [result for result in inside.values() if result.got] == []


def test_the_kernel(attacked: Field) -> None:
    compare(attacked, "kernel", attacked.outside("kernel"), attacked.attack("kernel"))


def test_the_network(attacked: Field) -> None:
    compare(attacked, "network", attacked.outside("network"), attacked.attack("network"))


def test_files(attacked: Field) -> None:
    disk = Path("/").stat().st_dev
    packages = [entry for entry in sys.path if "-packages" in entry]
    neighbours = attacked.root / "neighbour" / "mine.txt"
    neighbours.write_text("canary")
    more: dict[str, Any] = {
        "neighbours_file": str(neighbours),
        "journal": str(attacked.journal_file),
        "home_entries": [str(path) for path in Path.home().iterdir() if not Path(sys.base_prefix).is_relative_to(path)],
        "packages": packages,
        "disk": [os.major(disk), os.minor(disk)],
    }
    outside = attacked.outside("files", **more, descriptor_of="/usr")
    compare(attacked, "files", outside, attacked.attack("files", **more))
