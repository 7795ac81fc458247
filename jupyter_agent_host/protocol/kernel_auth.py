"""How a kernel proves to its Jupyter server which kernel it is, and how it knows that the server answered.

Both hold the kernel's connection key. A request is `POST {base_url}agent-host/kernels/{kernel_id}/{verb}` with three
headers: the time (whole seconds since the epoch), a 128-bit nonce in lower-case hex, and the hex HMAC-SHA256 under the
connection key of

    "jupyter-agent-host/kernel-request/1" LF method LF path LF kernel_id LF time LF nonce LF hex(sha256(body))

The answer carries the hex HMAC-SHA256 of

    "jupyter-agent-host/server-answer/1" LF nonce of the request LF status LF hex(sha256(body)), or "stream"

A streamed body is not covered, only that the stream was opened by the holder of the key. The stream of a turn is an
exception: its answer's signature is that of its first line, the acceptance of the prompt, and its last line carries the
hex HMAC-SHA256 of

    "jupyter-agent-host/stream-end/1" LF nonce of the request LF hex(sha256(body))

The first line of each text keeps a signature from ever being a valid signature of a Jupyter kernel message, which
starts with a JSON header.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping

from jupyter_agent_host.errors import AuthenticationError

TIME_HEADER = "X-Agent-Host-Time"
NONCE_HEADER = "X-Agent-Host-Nonce"
SIGNATURE_HEADER = "X-Agent-Host-Signature"

TIME_WINDOW_SECONDS = 60
_REQUEST_DOMAIN = "jupyter-agent-host/kernel-request/1"
_ANSWER_DOMAIN = "jupyter-agent-host/server-answer/1"
_END_DOMAIN = "jupyter-agent-host/stream-end/1"
_STREAM = "stream"
_NOT_THE_SERVER = (
    "Something else than this kernel's Jupyter server answered; nothing was taken from it. Restart the kernel."
)
_NONCE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)


class NonceCache:
    """Remembers the nonces of the last two time windows, so that a request cannot be sent again. Thread-safe.

    When one kernel sends more than `max_nonces` within that time, its further ones are refused: forgetting one early
    would let it be replayed, and no kernel may use up what others need.
    """

    def __init__(self, *, max_nonces: int = 20_000) -> None:
        self._max_nonces = max_nonces
        self._expiry: dict[str, OrderedDict[str, float]] = {}
        self._lock = threading.Lock()

    def spend(self, kernel_id: str, nonce: str, *, now: float) -> None:
        """Use up a nonce of a kernel that has proved who it is.

        Raises:
            AuthenticationError: it was used before, or there are too many to remember.
        """
        with self._lock:
            self._forget(now)
            mine = self._expiry.setdefault(kernel_id, OrderedDict())
            if nonce in mine:
                raise AuthenticationError("This request was already answered once; a copy of it is refused.")
            if len(mine) >= self._max_nonces:
                raise AuthenticationError("Too many requests from this kernel; wait a minute and try again.")
            # A clock ahead by one window is accepted, so a nonce can stay valid for two.
            mine[nonce] = now + 2 * TIME_WINDOW_SECONDS

    def _forget(self, now: float) -> None:
        for kernel_id, nonces in list(self._expiry.items()):
            while nonces and next(iter(nonces.values())) <= now:
                nonces.popitem(last=False)
            if not nonces:
                del self._expiry[kernel_id]


def sign_request(
    key: bytes, *, method: str, path: str, kernel_id: str, body: bytes = b"", now: float | None = None
) -> dict[str, str]:
    """The three headers of one request, with a fresh nonce. `path` is the URL's path as sent, base URL included.

    Raises:
        AuthenticationError: the key is empty, so the kernel's messages are unsigned and prove nothing.
    """
    stamp = str(int(time.time() if now is None else now))
    nonce = secrets.token_hex(16)
    signature = _mac(key, _REQUEST_DOMAIN, method.upper(), path, kernel_id, stamp, nonce, _digest(body))
    return {TIME_HEADER: stamp, NONCE_HEADER: nonce, SIGNATURE_HEADER: signature}


def verify_request(
    key: bytes,
    headers: Mapping[str, str],
    *,
    method: str,
    path: str,
    kernel_id: str,
    nonces: NonceCache,
    body: bytes = b"",
    now: float | None = None,
) -> str:
    """Check one request and use its nonce up; the nonce is returned, since the answer is signed over it.

    `headers` must find names whatever their case, as tornado's and httpx's do.

    Raises:
        AuthenticationError: empty key, missing or malformed header, time out of the window, wrong signature, replay.
    """
    moment = time.time() if now is None else now
    stamp = _header(headers, TIME_HEADER, _TIME)
    nonce = _header(headers, NONCE_HEADER, _NONCE)
    given = _header(headers, SIGNATURE_HEADER, _SIGNATURE)
    expected = _mac(key, _REQUEST_DOMAIN, method.upper(), path, kernel_id, stamp, nonce, _digest(body))
    if not hmac.compare_digest(expected, given):
        raise AuthenticationError("The kernel did not prove who it is: its signature is wrong. Restart the kernel.")
    if abs(moment - int(stamp)) > TIME_WINDOW_SECONDS:
        raise AuthenticationError(
            "The kernel's clock and the server's differ by more than a minute; set the clocks and try again."
        )
    nonces.spend(kernel_id, nonce, now=moment)
    return nonce


def sign_answer(key: bytes, *, nonce: str, status: int, body: bytes | None) -> str:
    """The value of the answer's signature header. `body` is None for a stream.

    Raises:
        AuthenticationError: the key is empty.
    """
    return _mac(key, _ANSWER_DOMAIN, nonce, str(int(status)), _STREAM if body is None else _digest(body))


def verify_answer(key: bytes, headers: Mapping[str, str], *, nonce: str, status: int, body: bytes | None) -> None:
    """Check that the holder of the key gave this answer to the request with that nonce. `body` is None for a stream.

    Raises:
        AuthenticationError: it did not.
    """
    given = _header(headers, SIGNATURE_HEADER, _SIGNATURE)
    if not hmac.compare_digest(sign_answer(key, nonce=nonce, status=status, body=body), given):
        raise AuthenticationError(_NOT_THE_SERVER)


def sign_stream_end(key: bytes, *, nonce: str, body: bytes) -> str:
    """The signature of what the stream of a turn ends with.

    Raises:
        AuthenticationError: the key is empty.
    """
    return _mac(key, _END_DOMAIN, nonce, _digest(body))


def verify_stream_end(key: bytes, signature: str, *, nonce: str, body: bytes) -> None:
    """Check that the holder of the key ended the answer to the request with that nonce like this.

    Raises:
        AuthenticationError: it did not.
    """
    if not hmac.compare_digest(sign_stream_end(key, nonce=nonce, body=body).encode(), signature.encode()):
        raise AuthenticationError(_NOT_THE_SERVER)


def _mac(key: bytes, *lines: str) -> str:
    if not key:
        raise AuthenticationError(
            "This kernel's connection key is empty, so it cannot prove who it is: "
            "start it without `Session.key = b''`, or use the agent panel."
        )
    if any("\n" in line for line in lines):
        raise AuthenticationError("A line break inside a signed field is refused.")
    return hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _header(headers: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    value = headers.get(name, "")
    if not form.fullmatch(value):
        raise AuthenticationError(f"The header {name} is missing or malformed.")
    return value
