"""A made-up home with a venv in it, and things that no sandbox may see, owned by whichever user a test wants to be.

Where the tests' own Python lies in a home, the made-up one takes that home's place and holds the same Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import anyio

import jupyter_agent_host

SECRETS = (
    ".ssh/id_ed25519",
    ".local/share/jupyter/notebook_secret",
    ".local/share/jupyter/runtime/jpserver-1.json",
    ".jupyter/jupyter_server_config.json",
    ".pyenv/versions/other/secret",
    "project/venv/share/jupyter/kernels/mine/kernel.json",
    "project/venv/etc/jupyter/jupyter_server_config.d/token.json",
    "project/private.txt",
)
MARK = "a-secret-of-this-person"

_MOVE_IN = """
mount --bind "$BASE" "$STAGE" && mount --bind "$DISK" "$HOME" && mount --move "$STAGE" "$BASE" || exit 99
cd "$HOME" && exec "$@"
"""
"""In a mount namespace of its own: the made-up home takes the place of the real one, but for the Python in it."""


@dataclass(frozen=True)
class OtherHome:
    """`disk` is the home's folder, `path` where its owner finds it; `run_dir` is a short path outside of it."""

    disk: Path
    path: Path
    run_dir: Path

    @property
    def notebooks(self) -> Path:
        """The only folder that a sandbox is given."""
        return self.path / "project/notebooks"

    def run_as(self, uid: int, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script with the venv's Python as that user, who owns the home now."""
        self._give_to(uid)
        shutil.copy(script, self.disk / "project")
        become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]
        python = [str(self.path / "project/venv/bin/python"), "-W", "error", str(self.path / "project" / script.name)]
        return subprocess.run(
            [*self._entrance(), *become, *python, *arguments],
            env=self._environment(),
            cwd="/",
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    def _entrance(self) -> list[str]:
        if self.path == self.disk:
            return []
        return ["unshare", "--mount", "--propagation=private", "sh", "-c", _MOVE_IN, "sh"]

    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.path),
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "DISK": str(self.disk),
            "BASE": sys.base_prefix,
            "STAGE": str(self.disk.parent / "stage"),
        }

    def _give_to(self, uid: int) -> None:
        notebooks = self.disk / "project/notebooks"
        for path in (self.disk, self.run_dir, notebooks, *notebooks.iterdir(), *(self.disk / name for name in SECRETS)):
            os.chown(path, uid, uid)


def make_home(folder: Path) -> OtherHome:
    """Make it under `folder`, which other users must be able to enter."""
    disk = folder / "person"
    real_home, base = Path.home(), Path(sys.base_prefix)
    in_home = base.is_relative_to(real_home)
    made = OtherHome(disk, real_home if in_home else disk, folder / "run")
    for path in (disk / "project/notebooks", folder / "stage"):
        path.mkdir(parents=True)
    made.run_dir.mkdir(mode=0o700)
    if in_home:
        (disk / base.relative_to(real_home)).mkdir(parents=True)
    _make_venv(disk / "project/venv")
    for secret in SECRETS:
        (disk / secret).parent.mkdir(parents=True, exist_ok=True)
        (disk / secret).write_text(MARK)
    return made


def _make_venv(venv: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = venv / "lib" / version / "site-packages"
    _link_tree(Path(anyio.__file__).parent.parent, packages)
    (venv / "bin").mkdir()
    (venv / "bin/python3").symlink_to(Path(sys.base_prefix, "bin", version))
    (venv / "bin/python").symlink_to("python3")
    (venv / "pyvenv.cfg").write_text(f"home = {Path(sys.base_prefix, 'bin')}\ninclude-system-site-packages = false\n")
    for editable in packages.glob("_editable_impl_jupyter_agent_host*"):
        editable.unlink()
    shutil.copytree(Path(jupyter_agent_host.__file__).parent, packages / "jupyter_agent_host", dirs_exist_ok=True)


def _link_tree(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    for how in ("-al", "-a"):
        if subprocess.run(["cp", how, str(source), str(target)], capture_output=True, check=False).returncode == 0:
            return
        shutil.rmtree(target, ignore_errors=True)
    raise OSError(f"cannot copy {source}")
