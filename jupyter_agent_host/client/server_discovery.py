"""Where the agent of this kernel's notebook is hosted: in its Jupyter server, in this process, or out of reach."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import msgspec

from jupyter_agent_host.errors import AuthenticationError, ServerUnreachableError

_CONNECTION_FILE = re.compile(r"kernel-([A-Za-z0-9][A-Za-z0-9_-]{0,127})\.json")
_WILDCARDS = frozenset({"", "*", "0.0.0.0", "::"})  # noqa: S104 - what a server may say it listens on
_GATEWAY_VARIABLES = ("KERNEL_GATEWAY", "EG_RESPONSE_ADDRESS", "EG_NAMESPACE")
_REMOTE = (
    "This kernel runs away from its Jupyter server (through a kernel gateway or on another machine), "
    "so a cell cannot reach the notebook's agent: use the agent panel instead."
)


@dataclass(frozen=True)
class Kernel:
    """What a kernel knows of itself. `connection_file` is "" in a plain IPython terminal."""

    connection_file: str = ""
    key: bytes = field(default=b"", repr=False)

    @property
    def kernel_id(self) -> str:
        """The id that the kernel's manager gave it, "" if its connection file does not tell."""
        match = _CONNECTION_FILE.fullmatch(Path(self.connection_file).name)
        return match.group(1) if match else ""


@dataclass(frozen=True)
class ServerAddress:
    """A running Jupyter server. `url` ends with a slash; `socket_path` is a unix socket, or ""."""

    url: str
    socket_path: str = ""
    loopback: bool = False


class _ServerInfo(msgspec.Struct):
    pid: int
    port: int = 0
    base_url: str = "/"
    hostname: str = ""
    secure: bool = False
    sock: str = ""


_decoder = msgspec.json.Decoder(_ServerInfo)


def find_server(
    kernel: Kernel, environ: Mapping[str, str], runtime_dirs: Iterable[Path], *, parent_pid: int
) -> ServerAddress | None:
    """The Jupyter server that started this kernel, or None when there is none and the agent is to be hosted here.

    `parent_pid` is this process' parent. None is the answer in a plain IPython, and under `jupyter execute`,
    papermill and the like, which start kernels without a server.

    Raises:
        ServerUnreachableError: there is a server, but not where a cell can reach it.
        AuthenticationError: the kernel's messages are unsigned, so it cannot prove who it is.
    """
    starter = _pid(environ.get("JPY_PARENT_PID", ""))
    if not kernel.connection_file or starter is None:
        return None
    if any(environ.get(name) for name in _GATEWAY_VARIABLES):
        raise ServerUnreachableError(_REMOTE)
    info = _read_info(starter, [Path(kernel.connection_file).parent, *runtime_dirs])
    if info is None:
        _refuse_hidden_server(starter, environ, parent_pid)
        return None
    if not kernel.key:
        raise AuthenticationError(
            "This kernel's connection key is empty, so it cannot prove to the Jupyter server who it is: "
            "remove `Session.key` from the Jupyter configuration and restart, or use the agent panel."
        )
    return _address(info)


def _read_info(pid: int, folders: Iterable[Path]) -> _ServerInfo | None:
    for folder in dict.fromkeys(folders):
        for file in sorted(folder.glob("jpserver-*.json")):
            try:
                info = _decoder.decode(file.read_bytes())
            except (OSError, msgspec.ValidationError, msgspec.DecodeError):
                continue  # another server's file, half written or not ours to read
            if info.pid == pid:
                return info
    return None


def _refuse_hidden_server(starter: int, environ: Mapping[str, str], parent_pid: int) -> None:
    """Tell a kernel whose server we cannot see from one that no server started."""
    if starter != parent_pid and not Path("/proc", str(starter)).exists() and Path("/proc/self").exists():
        raise ServerUnreachableError(_REMOTE)
    name = environ.get("JPY_SESSION_NAME")
    if name and starter == parent_pid and _initial_environment(starter).get("JPY_SESSION_NAME", name) != name:
        raise ServerUnreachableError(
            "This kernel's Jupyter server was not found in Jupyter's runtime folder; give kernel and server "
            "the same JUPYTER_RUNTIME_DIR and restart the kernel, or use the agent panel."
        )


def _initial_environment(pid: int) -> dict[str, str]:
    try:
        raw = Path("/proc", str(pid), "environ").read_bytes()
    except OSError:
        return {}
    pairs = (os.fsdecode(item).partition("=") for item in raw.split(b"\0") if item)
    return {"JPY_SESSION_NAME": "", **{name: value for name, _, value in pairs}}


def _address(info: _ServerInfo) -> ServerAddress:
    base = quote(info.base_url.strip("/"), safe="/%@:!$&'()*+,;=~")
    path = f"/{base}/" if base else "/"
    if info.sock:
        return ServerAddress(url=f"http://localhost{path}", socket_path=info.sock, loopback=True)
    host = "127.0.0.1" if info.hostname in _WILDCARDS else info.hostname
    literal = f"[{host}]" if ":" in host else host
    scheme = "https" if info.secure else "http"
    return ServerAddress(url=f"{scheme}://{literal}:{info.port}{path}", loopback=_is_loopback(host))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _pid(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,9}", text, re.ASCII) else None
