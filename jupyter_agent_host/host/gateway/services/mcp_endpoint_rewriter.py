"""The first event of an MCP server over server-sent events, which names its address for messages: led back inside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from jupyter_agent_host.host.gateway.gateway_limits import KIB

_FIRST_EVENT_BYTES = 16 * KIB
_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_DATA = re.compile(rb"(?m)^data: ?(\S+)")
_ENDPOINT = re.compile(rb"(?m)^event: ?endpoint\s*$")
_PATH = re.compile(rb"/(?!/)[\x21\x24-\x7e]*")


class EndpointRewriter:
    """Rewrites a stream of events as it passes. `announce` hears the path of the address, without its query.

    Only an address of the server's own origin is led back; any other stays as it is, and leads nowhere from inside.
    """

    def __init__(self, origins: Iterable[str], prefix: str, announce: Callable[[bytes], None]) -> None:
        self._origins = tuple(origin.encode("ascii") for origin in origins)
        self._prefix = prefix.encode("ascii")
        self._announce = announce
        self._held: bytes | None = b""

    def __call__(self, data: bytes, last: bool) -> bytes:
        if self._held is None:
            return data
        self._held += data
        end = _END.search(self._held)
        if end is None and not last and len(self._held) < _FIRST_EVENT_BYTES:
            return b""
        whole, self._held = self._held, None
        return whole if end is None else self._rewritten(whole[: end.start()]) + whole[end.start() :]

    def _rewritten(self, event: bytes) -> bytes:
        data = _DATA.search(event)
        if not _ENDPOINT.search(event) or data is None:
            return event
        path = data[1]
        for origin in self._origins:
            if path.startswith(origin + b"/"):
                path = path[len(origin) :]
                break
        if not _PATH.fullmatch(path):
            return event
        self._announce(path.partition(b"?")[0])
        return event[: data.start(1)] + self._prefix + path + event[data.end(1) :]
