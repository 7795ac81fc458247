"""What this kernel, or the container around us, permits bubblewrap to do: tried from best to least, told as found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jupyter_agent_host.providers.common.python_interpreter import this_interpreter
from jupyter_agent_host.providers.local.bwrap_command import Box
from jupyter_agent_host.providers.local.system_mounts import private_folders
from jupyter_agent_host.sandbox.spec import OverlayWorkspace, ScratchWorkspace

WORKS = "works"
_TIMEOUT_SECONDS = 10
_MISSING_PART = 3
_CHECK = (
    "import sys; from importlib.util import find_spec as find; sys.path += sys.argv[1:];"
    " missing = [name for name in ('jupyter_agent_host', 'claude_agent_sdk') if find(name) is None];"
    f" print('not importable inside:', *missing) if missing else None; sys.exit({_MISSING_PART} if missing else 0)"
)


@dataclass(frozen=True)
class Rung:
    """One way of setting /proc up; `note` says what it costs."""

    name: str
    arguments: Sequence[str]
    note: str = ""


_OWN_PROC = ("--proc", "/proc", "--remount-ro", "/proc")
"""Read-only: started by root, the sandbox's user owns /proc/sys and could write there without any capability."""

LADDER = (
    Rung("private /proc, no user namespaces inside", (*_OWN_PROC, "--disable-userns")),
    Rung("private /proc", _OWN_PROC),
    Rung(
        "the surrounding /proc, read-only",
        ("--ro-bind", "/proc", "/proc"),
        "names of other processes can be seen inside: no private /proc is permitted here",
    ),
)


@dataclass(frozen=True)
class Found:
    """The outcome. `rung` is None when no sandbox can be made; `tried` maps each rung to `WORKS` or an error.

    `overlay` is the same for a workspace in layers; "" if that was not tried.
    """

    bwrap: str
    version: str = ""
    rung: Rung | None = None
    reason: str = ""
    tried: dict[str, str] = field(default_factory=dict)
    overlay: str = ""


def look(bwrap: str, user: tuple[int, int]) -> Found:
    """Climb down the ladder until one rung holds. Blocking; each rung is given ten seconds."""
    path = shutil.which(bwrap)
    if not sys.platform.startswith("linux"):
        return Found(bwrap, reason="Bubblewrap sandboxes need Linux: start Docker instead.")
    if path is None:
        return Found(bwrap, reason="Bubblewrap is not installed: apt install bubblewrap (or dnf, apk, pacman).")
    found = Found(path, version=_version(path))
    with tempfile.TemporaryDirectory(prefix="jah.probe-") as folder:
        box = _box(path, user, Path(folder))
        for rung in LADDER:
            error = _try(replace(box, proc=rung.arguments))
            found = replace(found, tried={**found.tried, rung.name: error or WORKS})
            if not error:
                overlay = _try_overlay(replace(box, proc=rung.arguments), Path(folder))
                return replace(found, rung=rung, overlay=overlay)
    return replace(found, reason=_explain(list(found.tried.values())))


def _box(bwrap: str, user: tuple[int, int], folder: Path) -> Box:
    return Box(
        bwrap=bwrap,
        proc=(),
        folder=folder,
        socket_folder=None,
        interpreter=this_interpreter(),
        private=private_folders(),
        workspace=ScratchWorkspace(),
        user=user,
        environment={},
        scratch_bytes=1024**2,
    )


def _try_overlay(box: Box, folder: Path) -> str:
    layers = OverlayWorkspace(folder / "lower", folder / "upper", folder / "work")
    for layer in (layers.lower, layers.upper, layers.work):
        layer.mkdir()
    (layers.lower / "given").touch()
    error = _run(replace(box, workspace=layers), ["/bin/sh", "-c", "rm given && touch made"])
    return error or (WORKS if (layers.upper / "made").exists() else "what is written inside does not come out")


def _try(box: Box) -> str:
    return _run(box, [str(box.interpreter.executable), "-P", "-c", _CHECK, *box.interpreter.loose_folders()])


def _run(box: Box, inner: Sequence[str]) -> str:
    """The last line of what went wrong; "" if nothing did."""
    command = box.command(inner)
    try:
        done = subprocess.run(  # noqa: PLW1510 - the return code is looked at
            command, env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_SECONDS, text=True
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_TIMEOUT_SECONDS} seconds"
    except OSError as err:
        return str(err.strerror)
    if done.returncode == 0:
        return ""
    words = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
    return words[-1].partition(". See <")[0]


def _version(bwrap: str) -> str:
    try:
        done = subprocess.run(
            [bwrap, "--version"], capture_output=True, timeout=_TIMEOUT_SECONDS, text=True, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.split()[-1] if done.stdout.split() else "unknown"


def _explain(errors: list[str]) -> str:
    text = errors[-1]
    if any("not importable inside" in error for error in errors):
        return f"The Python inside the sandbox lacks a package ({text}): install with pip into one environment."
    if "uid map" in text and Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").exists():
        return (
            f"AppArmor forbids user namespaces ({text}): allow them for bwrap, or"
            " sysctl kernel.apparmor_restrict_unprivileged_userns=0."
        )
    if "namespace" in text or "uid map" in text or "Operation not permitted" in text:
        who = "root" if os.getuid() == 0 else "this user"
        return (
            f"Bubblewrap may not make namespaces as {who} here ({text}): inside a container, start that with"
            " --security-opt seccomp=unconfined; on a machine, allow unprivileged user namespaces."
        )
    return f"Bubblewrap does not work here: {text}."
