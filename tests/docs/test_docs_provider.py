"""The provider author's example, run as it stands: the whole contract, in a pytest of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from docs_pages import ROOT, blocks

PAGE = ROOT / "docs" / "provider-author.md"


def test_the_example_keeps_the_contract(tmp_path: Path) -> None:
    for block in blocks(PAGE, "file: "):
        name = block.partition("\n")[0].removeprefix("# file: ")
        (tmp_path / name).write_text(block, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_my_provider.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 11, done.stdout
