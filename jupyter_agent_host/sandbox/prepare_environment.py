"""Runs inside a sandbox, before the runner: makes the agent's Python environment. Standard library only.

The environment is a venv in a folder that outlives the sandbox. Its Python is the kernel's where that runs here, else
the sandbox's own of the same version with the kernel's packages, else the sandbox's own alone. What was found is noted
beside it, for the host to tell; the next start tries again only if something changed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

STATUS = ".agent-host.json"
_SECONDS = 20
_ABOUT = (
    "import json, sys; print(json.dumps(['%d.%d' % sys.version_info[:2],"
    " getattr(sys, '_base_executable', '') or sys.executable, sys.prefix]))"
)
_COMPILED = ("numpy", "pandas", "pyarrow", "scipy", "matplotlib", "polars", "torch", "zmq", "tornado", "psutil")
"""Packages with compiled parts, of which two at most are loaded to see whether they fit the system here."""

_SCRIPT = "#!{python}\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"


def main(orders: dict[str, Any], command: list[str]) -> None:
    """Make the environment, whatever comes of it, and become `command`."""
    folder = Path(orders["folder"])
    try:
        prepare(folder, orders)
    except Exception as err:  # noqa: BLE001 - the agent can work without it, and the host tells why it must
        note(folder, {"python": "image", "reason": f"{type(err).__name__}: {err}"})
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def prepare(folder: Path, orders: dict[str, Any]) -> None:
    """Bring the environment up to date, and put it first for all that this process becomes."""
    key = [orders, [Path(path).exists() for path in (orders["kernel"], *orders["packages"])]]
    found = noted(folder)
    if found.get("key") != key or not (folder / "bin" / "python").exists():
        found = {**choose(orders), "key": key}
        lay_out(folder, found, orders["own"])
        note(folder, found)
    (folder / "R").mkdir(exist_ok=True)
    kernels = [str(Path(orders["kernel"]).parent)] if found["python"] == "kernel" else []
    path = os.pathsep.join([str(folder / "bin"), *kernels, os.environ.get("PATH", "/usr/bin:/bin")])
    os.environ.update(
        PATH=path,
        VIRTUAL_ENV=str(folder),
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        npm_config_prefix=str(folder),
        R_LIBS_USER=str(folder / "R"),
    )


def choose(orders: dict[str, Any]) -> dict[str, Any]:
    """The first Python that runs here, with as much of the kernel's as it can use."""
    packages = [path for path in orders["packages"] if Path(path).is_dir()]
    reason = ""
    if orders["kernel"]:
        about, reason = attempt(orders["kernel"], packages)
        if about:
            return {"python": "kernel", "executable": orders["kernel"], "packages": packages, "reason": "", **about}
    for own in orders["own"]:
        about, trouble = attempt(own, [])
        if not about:
            reason = reason or trouble
            continue
        if packages and about["version"] == orders["version"]:
            _, trouble = attempt(own, packages)
            if not trouble:
                return {"python": "packages", "executable": own, "packages": packages, "reason": reason, **about}
            reason = trouble
        mine = Path(about["prefix"], "lib", f"python{about['version']}", "site-packages")
        return {"python": "image", "executable": own, "packages": [str(mine)], "reason": reason, **about}
    raise RuntimeError(reason or "no Python runs in the sandbox")


def attempt(executable: str, packages: list[str]) -> tuple[dict[str, str], str]:
    """What the interpreter is, once it has loaded what the packages have compiled; else why it could not."""
    compiled = [name for name in _COMPILED if any(Path(path, name).is_dir() for path in packages)][:2]
    code = f"import sys\nsys.path[:0] = {packages!r}\n{_ABOUT}\nfor name in {compiled!r}: __import__(name)"
    try:
        done = subprocess.run(
            [executable, "-I", "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            text=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        return {}, f"{executable} does not run in the sandbox ({getattr(err, 'strerror', None) or err})"
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return {}, f"{executable} does not run in the sandbox with the kernel's packages ({words[-1]})"
    version, base, prefix = json.loads(done.stdout.splitlines()[0])
    return {"version": version, "base": base, "prefix": prefix}, ""


def lay_out(folder: Path, found: dict[str, Any], owns: list[str]) -> None:
    """Make the venv (PEP 405), leaving what was installed into it."""
    site = folder / "lib" / f"python{found['version']}" / "site-packages"
    programs = folder / "bin"
    site.mkdir(parents=True, exist_ok=True)
    programs.mkdir(exist_ok=True)
    home, version = Path(found["base"]).parent, found["version"]
    write(
        folder / "pyvenv.cfg", f"home = {home}\ninclude-system-site-packages = false\nversion = {version}\n", mode=0o644
    )
    for name in ("python", "python3", f"python{version}"):
        link(programs / name, found["executable"])
    lines = [f"import site; site.addsitedir({path!r})\n" for path in found["packages"]]
    write(site / "_kernel_packages.pth", "".join(lines), mode=0o644)
    if not any(Path(path, "pip").is_dir() for path in found["packages"]) and (pip := find_pip(home, owns)):
        link(site / "pip", str(pip))
    for name in ("pip", "pip3"):
        write(programs / name, _SCRIPT.format(python=programs / "python"), mode=0o755)


def find_pip(home: Path, owns: list[str]) -> Path | None:
    """The package `pip` of the sandbox's own Python, or of the base that the environment stands on."""
    for prefix in (*(Path(own).parent.parent for own in owns), home.parent):
        for place in sorted((prefix / "lib").glob("python*/*-packages/pip")):
            return place
    return None


def write(place: Path, text: str, *, mode: int) -> None:
    """Replace a file; what lies there is not followed."""
    place.unlink(missing_ok=True)
    place.write_text(text, encoding="utf-8")
    place.chmod(mode)


def link(place: Path, target: str) -> None:
    """Replace a link."""
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def noted(folder: Path) -> dict[str, Any]:
    """What the last preparation found; nothing where there was none."""
    try:
        found = json.loads((folder / STATUS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def note(folder: Path, found: dict[str, Any]) -> None:
    """Write down what was found."""
    try:
        write(folder / STATUS, json.dumps(found), mode=0o644)
    except OSError as err:
        sys.stderr.write(f"The Python environment in {folder} cannot be noted: {err}\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
