"""The lock of the test environment: each requirement within its bounds, hashed, and no name of a host."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "tests" / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKED = [Requirement(line.rstrip(" \\")) for line in TEXT.splitlines() if re.match(r"\w", line)]
NEEDED = [
    *PROJECT["build-system"]["requires"],
    *PROJECT["project"]["dependencies"],
    *PROJECT["project"]["optional-dependencies"]["test"],
]


@pytest.mark.parametrize("python", ["3.11.2", "3.12.0", "3.13.0", "3.14.0"])
@pytest.mark.parametrize("needed", [Requirement(each) for each in NEEDED], ids=str)
def test_each_requirement_is_locked_once_within_its_bounds(needed: Requirement, python: str) -> None:
    here = {"python_full_version": python, "python_version": python.rpartition(".")[0], "sys_platform": "linux"}
    versions = [
        next(iter(one.specifier)).version
        for one in LOCKED
        if canonicalize_name(one.name) == canonicalize_name(needed.name)
        and (one.marker is None or one.marker.evaluate(here))
    ]
    assert len(versions) == 1, versions
    assert needed.specifier.contains(versions[0])


def test_it_names_no_host_and_hashes_all() -> None:
    assert not re.search(r"://|index-url|find-links|trusted-host", TEXT)
    blocks = re.split(r"\n(?=\w)", TEXT)[1:]
    assert len(blocks) == len(LOCKED) > 100
    assert all("--hash=sha256:" in block for block in blocks)
