"""What may be asked of a service: its methods and its part of the origin's paths."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from jupyter_agent_host.host.gateway.egress.egress_refusal import EgressRefusal
from jupyter_agent_host.host.settings import ServiceUse

PREFIX = b"/to/"

_TARGET = re.compile(rb"/to/(?P<name>[a-z0-9][a-z0-9_.-]{0,63})(?P<path>/[\x21\x22\x24-\x7e]*)")
_MAX_BYTES = 8192
_READ = frozenset({b"GET", b"HEAD"})
_METHODS: dict[ServiceUse, frozenset[bytes]] = {
    "pip": _READ,
    "npm": _READ,
    "git": frozenset({b"GET", b"POST"}),
    "mcp": frozenset({b"GET", b"POST", b"DELETE"}),
    "other": frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE"}),
}
_GIT_READ = (b"/info/refs?service=git-upload-pack", b"/git-upload-pack")
_GIT_WRITE = (b"/info/refs?service=git-receive-pack", b"/git-receive-pack")


@dataclass(frozen=True)
class ServiceTarget:
    """`/to/{name}{path}` of a request: `path` and its query as they go out."""

    name: str
    path: bytes


def read_target(target: bytes) -> ServiceTarget:
    """Name and path.

    Raises:
        EgressRefusal: it is no such address, or its path could mean two things.
    """
    match = _TARGET.fullmatch(target)
    if match is None or len(target) > _MAX_BYTES:
        raise _refused("An address of a service is /to/NAME/PATH.", status=400)
    plain = match["path"].partition(b"?")[0]
    once = unquote_to_bytes(plain)
    if unquote_to_bytes(once) != once or b"\\" in once or any(byte < ord(" ") for byte in once):
        raise _refused("The path of a service's address is encoded in a way that could mean two things.", status=400)
    if any(segment in (b".", b"..") for segment in once.split(b"/")):
        raise _refused("The path of a service's address must hold no dot segments.", status=400)
    return ServiceTarget(match["name"].decode("ascii"), match["path"])


def check_use(
    use: ServiceUse,
    method: bytes,
    path: bytes,
    base: bytes,
    *,
    push: bool,
    announced: Collection[bytes] = (),
) -> None:
    """Say whether a service is for this.

    Args:
        use: what the service is for.
        method: of the request.
        path: of the request, from the origin's root, with its query.
        base: the path that the administrator gave; "/" for the whole origin.
        push: whether git may write.
        announced: where an MCP server said that it takes messages.

    Raises:
        EgressRefusal: it is not.
    """
    if method not in _METHODS[use]:
        raise _refused(f"{method[:20].decode('ascii', 'replace')} is not what this service is for ({use}).", status=405)
    if use in ("pip", "npm"):
        return  # files of an index lie anywhere on its origin
    plain = path.partition(b"?")[0]
    if use == "mcp" and method == b"POST" and plain in announced:
        return
    inside = plain == base.rstrip(b"/") or plain.startswith(base.rstrip(b"/") + b"/")
    if not inside or (use == "mcp" and plain.rstrip(b"/") != base.rstrip(b"/")):
        raise _refused("That path is not part of this service.")
    if use == "git" and not path.endswith(_GIT_READ + (_GIT_WRITE if push else ())):
        raise _refused("This service is for git's fetch and clone" + (" and push." if push else "; pushing is off."))


def _refused(sentence: str, *, status: int = 403) -> EgressRefusal:
    return EgressRefusal("service", sentence, status=status)
