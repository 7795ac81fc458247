"""What a bubblewrap sandbox sees of the host: a read-only system and the interpreter, never a home."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_config_dir, jupyter_data_dir, jupyter_runtime_dir

from jupyter_agent_host.providers.common.python_interpreter import Interpreter, covers, link_chain

_TOP_LEVEL = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "debian_version",
    "fonts",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "magic",
    "magic.mime",
    "mime.types",
    "os-release",
    "pki/ca-trust/extracted",
    "pki/tls/certs",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
)
"""Read-only parts of /etc that programs need; /etc itself holds secrets that the server's root may read."""

_USR = Path("/usr")
_JUPYTER = ("share/jupyter", "etc/jupyter")
_PREFIX_PARTS = ("bin", "lib", "lib64", "include", "pyvenv.cfg")
"""All that is shown of a prefix that is, or holds, somebody's home."""


@dataclass(frozen=True)
class Private:
    """Folders that are never shown: `homes` of this user, and Jupyter's own folders (`jupyter`)."""

    homes: tuple[Path, ...]
    jupyter: tuple[Path, ...] = ()


def private_folders() -> Private:
    """Those of the user that runs this host."""
    homes = [Path.home()]
    with suppress(KeyError):  # a container's user without an entry; HOME says enough
        homes.append(Path(pwd.getpwuid(os.getuid()).pw_dir))
    jupyter = [Path(folder) for folder in (jupyter_config_dir(), jupyter_data_dir(), jupyter_runtime_dir())]
    return Private(_with_real(homes), _with_real(jupyter))


def system_mounts() -> list[str]:
    """Arguments that show the system: programs, libraries, and a few files of /etc."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in _TOP_LEVEL:
        path = Path("/", name)
        if path.is_symlink():
            arguments += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    for name in _ETC:
        arguments += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return arguments


def interpreter_mounts(interpreter: Interpreter, private: Private, scratch: tuple[Path, ...] = ()) -> list[str]:
    """Arguments that show the interpreter at its own paths, and empty folders over what must not be seen in them.

    Nothing can be put beside what is shown, even below the folders of `scratch`, which the sandbox may write: the
    folder that holds a package or a prefix may be one that Python looks for modules in.
    """
    shown: dict[Path, Path] = {}
    for path in (*(part for prefix in interpreter.prefixes for part in _parts(prefix, private)), *interpreter.packages):
        shown[path] = shown[path.resolve()] = path.resolve()
    for link in link_chain(interpreter.executable):
        if not covers((_USR, *shown), link):
            shown[link] = link.resolve()
    holders = {path.parent for path in shown if _can_be_joined(path.parent, scratch)}
    holders = {folder for folder in holders if not covers(tuple(shown), folder)}
    arguments: list[str] = []
    for path in sorted({*shown, *holders}, key=lambda path: (len(path.parts), path)):
        if path in holders:
            arguments += ["--tmpfs", str(path)]
        elif not covers((_USR,), path):
            arguments += ["--ro-bind", str(shown[path]), str(path)]
    arguments += [part for folder in sorted(holders) for part in ("--remount-ro", str(folder))]
    for path in _masks((_USR, *shown), interpreter, private):
        arguments += ["--tmpfs", str(path), "--remount-ro", str(path)]
    return arguments


def _can_be_joined(folder: Path, scratch: tuple[Path, ...]) -> bool:
    """Whether the sandbox could write into a folder made to hold a mount. A whole scratch folder has to stay so."""
    return covers(scratch, folder) and folder not in scratch


def _parts(prefix: Path, private: Private) -> list[Path]:
    """What is shown of a prefix: all of it, unless it is or holds somebody's home."""
    if covers((_USR,), prefix.resolve()) or prefix == Path("/"):
        return []
    if any(covers((prefix, prefix.resolve()), home) for home in private.homes):
        return [prefix / name for name in _PREFIX_PARTS if (prefix / name).exists()]
    return [prefix]


def _masks(shown: tuple[Path, ...], interpreter: Interpreter, private: Private) -> list[Path]:
    """Folders inside what is shown that must look empty; none of them inside another one."""
    prefixes = (*shown, _USR / "local", *interpreter.prefixes)
    hidden = [*(prefix / name for prefix in prefixes for name in _JUPYTER), *private.homes, *private.jupyter]
    unlinked = (path.resolve() if path.is_symlink() else path for path in hidden)
    found = sorted({path for path in unlinked if covers(shown, path) and path not in shown and path.is_dir()})
    return [path for path in found if not any(path != other and path.is_relative_to(other) for other in found)]


def _with_real(folders: list[Path]) -> tuple[Path, ...]:
    both = (*folders, *(folder.resolve() for folder in folders))
    return tuple(folder for folder in dict.fromkeys(both) if folder != Path("/"))
