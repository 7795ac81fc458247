"""Commands are run as a person runs them: in a process of their own, with Jupyter folders of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No key, no settings of the person's own, nothing shared with a server that runs elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC_", "JUPYTER_"))}
    folders = {
        f"JUPYTER_{name}_DIR": str(tmp_path / "jupyter" / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    return {**kept, **folders, "IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_PLATFORM_DIRS": "1"}


@pytest.fixture
def command(environment: dict[str, str], tmp_path: Path) -> Run:
    """`jupyter agent-host ...` in an empty folder."""
    work = tmp_path / "work"
    work.mkdir()

    def run(*arguments: str, timeout: float = 100, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "import sys; from jupyter_agent_host.cli import main; sys.exit(main())", *arguments],
            check=False,
            cwd=work,
            env={**environment, **more},
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run


@pytest.fixture
def configure(environment: dict[str, str]) -> Callable[[str], None]:
    """Write `jupyter_agent_host_config.py`."""

    def write(text: str) -> None:
        folder = Path(environment["JUPYTER_CONFIG_DIR"])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "jupyter_agent_host_config.py").write_text(text)

    return write
