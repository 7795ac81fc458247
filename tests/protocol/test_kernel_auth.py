"""A kernel's requests and the server's answers: what is accepted, and that nothing else is."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from jupyter_agent_host.errors import AuthenticationError
from jupyter_agent_host.protocol.kernel_auth import (
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    NonceCache,
    sign_answer,
    sign_request,
    verify_answer,
    verify_request,
)

KEY = b"0123-connection-key"
REQUEST: dict[str, Any] = {
    "method": "POST",
    "path": "/base/agent-host/kernels/k1/prompt",
    "kernel_id": "k1",
    "body": b'{"prompt":"h\xc3\xa9"}',
}


def _signed(now: float = 1000.0, **changes: Any) -> dict[str, str]:
    return sign_request(KEY, **{**REQUEST, **changes}, now=now)


def test_a_signed_request_is_accepted_and_gives_its_nonce() -> None:
    headers = _signed()
    assert verify_request(KEY, headers, **REQUEST, nonces=NonceCache(), now=1001.0) == headers[NONCE_HEADER]


def test_the_signature_is_the_documented_one() -> None:
    headers = _signed()
    text = "\n".join(
        [
            "jupyter-agent-host/kernel-request/1",
            "POST",
            REQUEST["path"],
            "k1",
            "1000",
            headers[NONCE_HEADER],
            hashlib.sha256(REQUEST["body"]).hexdigest(),
        ]
    )
    assert headers[SIGNATURE_HEADER] == hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()
    assert headers[TIME_HEADER] == "1000"


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "GET"},
        {"path": "/base/agent-host/kernels/k1/stop"},
        {"kernel_id": "k2"},
        {"body": b"{}"},
    ],
)
def test_a_changed_request_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(AuthenticationError, match="signature is wrong"):
        verify_request(KEY, _signed(), **{**REQUEST, **changed}, nonces=NonceCache(), now=1000.0)


@pytest.mark.parametrize("header", [TIME_HEADER, NONCE_HEADER, SIGNATURE_HEADER])
@pytest.mark.parametrize("value", [None, "", "x", "\u0661\u0662", "a" * 64 + "\n"])
def test_a_missing_or_malformed_header_is_refused(header: str, value: str | None) -> None:
    headers = _signed()
    if value is None:
        del headers[header]
    else:
        headers[header] = value
    with pytest.raises(AuthenticationError, match=header):
        verify_request(KEY, headers, **REQUEST, nonces=NonceCache(), now=1000.0)


def test_another_kernels_key_is_refused() -> None:
    with pytest.raises(AuthenticationError, match="signature is wrong"):
        verify_request(b"other", _signed(), **REQUEST, nonces=NonceCache(), now=1000.0)


def test_an_empty_key_is_refused_on_both_sides() -> None:
    with pytest.raises(AuthenticationError, match="connection key is empty"):
        sign_request(b"", **REQUEST)
    with pytest.raises(AuthenticationError, match="connection key is empty"):
        verify_request(b"", _signed(), **REQUEST, nonces=NonceCache(), now=1000.0)


@pytest.mark.parametrize(("offset", "accepted"), [(60, True), (-60, True), (61, False), (-61, False)])
def test_the_time_window_is_a_minute_both_ways(offset: int, accepted: bool) -> None:
    headers = _signed(now=1000.0)
    if accepted:
        assert verify_request(KEY, headers, **REQUEST, nonces=NonceCache(), now=1000.0 + offset)
    else:
        with pytest.raises(AuthenticationError, match="clock"):
            verify_request(KEY, headers, **REQUEST, nonces=NonceCache(), now=1000.0 + offset)


def test_a_request_is_good_once_even_when_its_clock_was_ahead() -> None:
    nonces = NonceCache()
    headers = _signed(now=1060.0)
    verify_request(KEY, headers, **REQUEST, nonces=nonces, now=1000.0)
    for moment in (1000.0, 1060.0, 1119.9):
        with pytest.raises(AuthenticationError, match="already answered"):
            verify_request(KEY, headers, **REQUEST, nonces=nonces, now=moment)
    with pytest.raises(AuthenticationError, match="clock"):
        verify_request(KEY, headers, **REQUEST, nonces=nonces, now=1121.0)


def test_a_wrong_signature_does_not_use_the_nonce_up() -> None:
    nonces = NonceCache()
    headers = _signed()
    with pytest.raises(AuthenticationError):
        verify_request(b"guess", headers, **REQUEST, nonces=nonces, now=1000.0)
    assert verify_request(KEY, headers, **REQUEST, nonces=nonces, now=1000.0)


def test_each_kernels_share_is_bounded_and_only_what_expired_is_forgotten() -> None:
    nonces = NonceCache(max_nonces=2)
    nonces.spend("k", "a", now=0)
    nonces.spend("k", "b", now=100)
    with pytest.raises(AuthenticationError, match="Too many"):
        nonces.spend("k", "c", now=110)
    nonces.spend("another kernel", "c", now=110)
    nonces.spend("k", "c", now=121)
    with pytest.raises(AuthenticationError, match="already"):
        nonces.spend("k", "b", now=121)


def test_a_line_break_cannot_move_a_field() -> None:
    with pytest.raises(AuthenticationError, match="line break"):
        sign_request(KEY, method="POST", path="/x\nk1", kernel_id="k1")


def test_an_answer_is_bound_to_request_status_and_body() -> None:
    signature = sign_answer(KEY, nonce="n" * 32, status=200, body=b"{}")
    good = {SIGNATURE_HEADER: signature}
    verify_answer(KEY, good, nonce="n" * 32, status=200, body=b"{}")
    for nonce, status, body in (
        ("m" * 32, 200, b"{}"),
        ("n" * 32, 500, b"{}"),
        ("n" * 32, 200, b"[]"),
        ("n" * 32, 200, None),
    ):
        with pytest.raises(AuthenticationError, match="Something else"):
            verify_answer(KEY, good, nonce=nonce, status=status, body=body)


def test_a_request_signature_is_no_answer_signature() -> None:
    headers = _signed()
    with pytest.raises(AuthenticationError):
        verify_answer(KEY, headers, nonce=headers[NONCE_HEADER], status=200, body=REQUEST["body"])
