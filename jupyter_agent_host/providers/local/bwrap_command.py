"""The bwrap command line of one sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_agent_host.providers.common.python_interpreter import Interpreter, covers
from jupyter_agent_host.providers.local.seccomp_filter import filter_program
from jupyter_agent_host.providers.local.system_mounts import Private, interpreter_mounts, system_mounts
from jupyter_agent_host.sandbox.python import ENVIRONMENT, PythonEnvironment
from jupyter_agent_host.sandbox.spec import HOME, WORKSPACE, BindWorkspace, OverlayWorkspace, WorkspaceMount

SOCKET_FOLDER = "/run/agent-host"
_TMP = "/tmp"  # noqa: S108 - the sandbox's own
_SCRATCH = (Path(_TMP), Path(HOME))
_SHM_BYTES = 64 * 1024**2

_NAMESPACES = (
    *("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
    *("--hostname", "agent-host", "--cap-drop", "ALL", "--die-with-parent", "--new-session"),
)
"""`--unshare-user` without `-try`: as root, bwrap would go on with the real root inside."""

_LAYER = (
    'cd "$1" && mount -t overlay overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work merged'
    ' && shift && cd / && exec "$@"'
)
"""Mounts an overlay where nobody else sees it. Links with plain names stand for paths, which may hold any character."""

_FILTER = 'exec "$@" 9<"$0"'

_FILES = {
    "passwd": "root:x:0:0::/:/usr/sbin/nologin\nagent:x:{uid}:{gid}::" + HOME + ":/bin/bash\n",
    "group": "root:x:0:\nagent:x:{gid}:\n",
    "hosts": "127.0.0.1 localhost agent-host\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


_TELLING = tuple(
    f"/proc/{name}" for name in ("interrupts", "kcore", "keys", "latency_stats", "sched_debug", "timer_list")
)


@dataclass(frozen=True)
class Box:
    """Everything that differs between two sandboxes.

    Attributes:
        bwrap: the program.
        proc: arguments for /proc and what else the kernel permits, from the probe.
        folder: private folder of the sandbox; made files for /etc are put into it.
        socket_folder: the one folder besides the workspace that both sides see, None for none.
        scratch_bytes: size of the home and of /tmp, each.
        python: what the agent's Python is made of.
    """

    bwrap: str
    proc: Sequence[str]
    folder: Path
    socket_folder: Path | None
    interpreter: Interpreter
    private: Private
    workspace: WorkspaceMount
    user: tuple[int, int]
    environment: Mapping[str, str]
    scratch_bytes: int
    python: PythonEnvironment | None = None

    def command(self, inner: Sequence[str]) -> list[str]:
        """The whole argv for running `inner` inside. Blocking: looks at the file system and writes small files."""
        uid, gid = self.user
        return [
            *self._layered(),
            *self._filtered(),
            *(*_NAMESPACES, "--uid", str(uid), "--gid", str(gid), "--clearenv"),
            *(part for name, value in self._environment().items() for part in ("--setenv", name, value)),
            *system_mounts(),
            *self._made_files(),
            *self.proc,
            *self._masked(),
            *("--dev", "/dev", "--remount-ro", "/dev", *_tmpfs("/dev/shm", "1777", _SHM_BYTES)),  # noqa: S108 - the sandbox's own
            *_tmpfs(_TMP, "1777", self.scratch_bytes),
            *_tmpfs(HOME, "0700", self.scratch_bytes),
            # After the private folders: the interpreter itself may lie below /tmp.
            *interpreter_mounts(self._shown(), self.private, _SCRATCH),
            *self._shared(),
            *("--remount-ro", "/", "--chdir", WORKSPACE, "--", *inner),
        ]

    def _layered(self) -> list[str]:
        """What has to run before bwrap for an overlay: bwrap makes overlays itself only since 0.11."""
        if not isinstance(self.workspace, OverlayWorkspace):
            return []
        layers = self._layers()
        (layers / "merged").mkdir(parents=True)
        for name in ("lower", "upper", "work"):
            (layers / name).symlink_to(getattr(self.workspace, name).absolute())
        unshare = ("unshare", "--user", "--map-root-user", "--mount", "--propagation", "slave")
        return [*unshare, "/bin/sh", "-c", _LAYER, "sh", str(layers)]

    def _filtered(self) -> list[str]:
        """bwrap, with the system call filter as a file that is open for it."""
        program = filter_program()
        if program is None:
            return [self.bwrap]
        path = self.folder / "filter.bpf"
        path.write_bytes(program)
        return ["/bin/sh", "-c", _FILTER, str(path), self.bwrap, "--seccomp", "9"]

    def _layers(self) -> Path:
        return self.folder / "layers"

    def _environment(self) -> dict[str, str]:
        path = (str(self.interpreter.prefixes[0] / "bin"), "/usr/local/bin", "/usr/bin", "/bin")
        mine = {"PATH": os.pathsep.join(path), "HOME": HOME, "TMPDIR": _TMP}
        if self.interpreter.user_site:
            mine["PYTHONPATH"] = os.pathsep.join(map(str, self.interpreter.user_site))
        return {"LANG": "C.UTF-8", "USER": "agent", "LOGNAME": "agent", **self.environment, **mine}

    def _made_files(self) -> list[str]:
        uid, gid = self.user
        folder = self.folder / "etc"
        folder.mkdir(mode=0o700, exist_ok=True)
        arguments = []
        for name, text in _FILES.items():
            (folder / name).write_text(text.format(uid=uid, gid=gid))
            arguments += ["--ro-bind", str(folder / name), f"/etc/{name}"]
        return arguments

    def _masked(self) -> list[str]:
        """Empty files over what /proc tells of the whole machine, as container engines mask it too."""
        empty = self.folder / "empty"
        empty.touch(mode=0o400)
        return [part for path in _TELLING if Path(path).is_file() for part in ("--ro-bind", str(empty), path)]

    def _shown(self) -> Interpreter:
        """The runner's interpreter and the kernel's, as one."""
        if self.python is None:
            return self.interpreter
        known = self.interpreter.prefixes
        more = [part for part in self.python.parts if not covers(known, part)]
        return replace(self.interpreter, packages=(*self.interpreter.packages, *more))

    def _shared(self) -> list[str]:
        arguments = []
        if self.python is not None:
            arguments += ["--bind", str(self.python.folder), ENVIRONMENT]
        if self.socket_folder is not None:
            arguments += ["--bind", str(self.socket_folder), SOCKET_FOLDER]
        if isinstance(self.workspace, BindWorkspace):
            return [*arguments, "--bind", str(self.workspace.source), WORKSPACE]
        if isinstance(self.workspace, OverlayWorkspace):
            return [*arguments, "--bind", str(self._layers() / "merged"), WORKSPACE]
        return [*arguments, *_tmpfs(WORKSPACE, "0755", self.scratch_bytes)]


def _tmpfs(path: str, mode: str, size_bytes: int) -> list[str]:
    return ["--perms", mode, "--size", str(size_bytes), "--tmpfs", path]
