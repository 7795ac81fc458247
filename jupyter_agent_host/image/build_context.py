"""The build context: what the Dockerfile copies, laid out in a temporary folder, and its digest."""

from __future__ import annotations

import hashlib
import shutil
from importlib.resources import files
from pathlib import Path

from jupyter_agent_host.image.image_requirements import AGENT_LIBRARIES, runner_requirements
from jupyter_agent_host.image.pip_settings import PipSettings

_PACKAGE = Path(str(files("jupyter_agent_host")))
_SOURCES = ("__init__.py", "errors.py", "version.py", "protocol", "runner")
_PRIVATE = "settings"


def write_context(folder: Path, pip: PipSettings, ca_bundle: Path | None) -> str:
    """Fill an empty folder; return the digest of all that decides what the image holds.

    The person's package index settings and certificates are left out of the digest: they say where packages come
    from, not which, and a token that is renewed every hour must not rebuild the image.

    Raises:
        OSError: the bundle cannot be read, or the folder not written.
    """
    image = _PACKAGE / "image"
    shutil.copyfile(image / "Dockerfile", folder / "Dockerfile")
    (folder / "etc").mkdir()
    shutil.copyfile(image / "gitconfig", folder / "etc" / "gitconfig")
    _write_requirements(folder / "requirements")
    _copy_sources(folder / "src" / "jupyter_agent_host")
    _write_settings(folder / _PRIVATE, pip, ca_bundle)
    return _digest(folder)


def _write_requirements(folder: Path) -> None:
    folder.mkdir()
    (folder / "runner.txt").write_text("\n".join(runner_requirements()) + "\n")
    (folder / "agent.txt").write_text("\n".join(AGENT_LIBRARIES) + "\n")


def _copy_sources(target: Path) -> None:
    target.mkdir(parents=True)
    for name in _SOURCES:
        source = _PACKAGE / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target / name)


def _write_settings(folder: Path, pip: PipSettings, ca_bundle: Path | None) -> None:
    folder.mkdir(mode=0o700)
    if ca_bundle:
        shutil.copyfile(ca_bundle, folder / "ca.pem")
    (folder / "pip.conf").write_text(pip.to_config(with_ca=ca_bundle is not None))


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and relative.parts[0] != _PRIVATE:
            total.update(f"{relative.as_posix()}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()
