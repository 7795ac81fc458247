"""Other users of this machine: a Python they can read, and folders that are theirs."""

from __future__ import annotations

import grp
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest


def make_environment(folder: Path) -> Path:
    """A virtual environment with this one's packages that every user can read; its Python.

    Skips the test where that cannot be had: this environment may lie in a home that others cannot enter.
    """
    if os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root with setpriv can be another user")
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if not Path(system).exists():
        pytest.skip(f"no {system}, the one Python that other users of this machine can run")
    subprocess.run([system, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next((folder / "lib").glob("python3*/site-packages"))
    subprocess.run(["cp", "-rl", f"{sysconfig.get_path('purelib')}/.", str(packages)], check=True)
    source = Path(__file__).parents[2] / "jupyter_agent_host"
    shutil.copytree(source, packages / source.name, dirs_exist_ok=True)
    shutil.copytree(Path(sys.prefix) / "share", folder / "share", dirs_exist_ok=True)
    shutil.copytree(Path(sys.prefix) / "etc", folder / "etc", dirs_exist_ok=True)
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    open_way(folder)
    return folder / "bin" / "python"


def python_as(uid: int, python: Path) -> list[str]:
    """A command that runs Python as `uid`, who may talk to the container engine where there is a group for that."""
    groups = [f"--groups={group.gr_gid}" for group in grp.getgrall() if group.gr_name == "docker"]
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", *(groups or ["--clear-groups"]), str(python)]


def give(folder: Path, uid: int) -> None:
    """Make a folder, with all in it, belong to `uid`."""
    open_way(folder)
    for root, folders, files in os.walk(folder):
        for name in [".", *folders, *files]:
            os.chown(Path(root, name), uid, uid, follow_symlinks=False)


def open_way(folder: Path) -> None:
    """Let everybody pass through pytest's private folders to this one."""
    for parent in folder.parents:
        if parent.owner() != "root" or parent == Path("/"):
            break
        parent.chmod(parent.stat().st_mode | 0o011)
