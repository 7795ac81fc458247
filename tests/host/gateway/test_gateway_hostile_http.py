"""Raw bytes from a hostile sandbox: what is not exactly a model request goes nowhere, and the door stays open."""

from __future__ import annotations

import json
import socket

import anyio
import pytest
from gateway_door import Door, ask, http, open_door
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_agent_host.host.gateway import GatewayLimits

pytestmark = pytest.mark.anyio

BODY = json.dumps(ask()).encode()


async def still_works(door: Door) -> None:
    """And nothing of the attack before reached the model."""
    assert door.model.requests == []
    assert (await door.post(ask())).status_code == 200


TARGETS = [
    "/",
    "/v1",
    "/v1/messages/",
    "/v1/messages/../messages",
    "/v1/messages/../x",
    "/v1/./messages",
    "//v1/messages",
    "/v1//messages",
    "/v1/messages%2Fcount_tokens",
    "/v1/%6dessages",
    "/%2e%2e/v1/messages",
    "/v1/messages;x=1",
    "/V1/MESSAGES",
    "/v1/messages/batches",
    "/v1/files",
    "/v1/models",
    "/v1/messages?beta=false",
    "/v1/messages?beta=true&x=1",
    "/v1/messages?x",
    "/v1/messages?beta=true#f",
    "/v1/messages\\..\\files",
    "/api/event_logging",
]


@pytest.mark.parametrize("target", TARGETS)
async def test_other_paths_are_closed(door: Door, target: str) -> None:
    answers = await door.raw(http(BODY, target=target, headers="Connection: close\r\n"))
    assert [answer.status for answer in answers] == [403]
    assert "/v1/messages" in answers[0].message
    await still_works(door)


@pytest.mark.parametrize(
    "data",
    [
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
        b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://169.254.169.254/latest/meta-data HTTP/1.1\r\nHost: x\r\n\r\n",
        http(BODY, target="http://api.anthropic.com/v1/messages"),
        http(BODY, target="https://x/v1/messages"),
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_a_proxy_request_is_told_that_the_network_is_off(door: Door, data: bytes) -> None:
    answers = await door.raw(data)
    assert answers[0].status == 403
    assert answers[0].message.startswith("Network access from the sandbox is off")
    assert door.ledger.entries[0].refused == "network_off"
    await still_works(door)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH", "POSTX"])
async def test_only_post(door: Door, method: str) -> None:
    answers = await door.raw(http(b"", method=method), method=method)
    assert answers[0].status == 405
    await still_works(door)


MALFORMED = {
    "two lengths": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "length list": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\nhello!",
    "negative length": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nhello",
    "hexadecimal length": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello",
    "endless length": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nhello",
    "length and chunks": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "chunks": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"1;ext=abc\r\nx\r\n" * 50_000,
    "odd coding": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "space before colon": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello",
    "null in a header": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "no host": b"POST /v1/messages HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "two hosts": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n",
    "huge header": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000,
    "many headers": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 40_000,
    "huge target": b"POST /" + b"a" * 200_000,
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n\r\n",
    "nothing but noise": bytes(range(256)) * 10 + b"\r\n\r\n",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_no_single_clear_request_is_refused(door: Door, data: bytes) -> None:
    answers = await door.raw(data)
    assert [answer.status // 100 for answer in answers] in ([4], [5])  # 5: a coding or version that nobody speaks
    assert "connection: close" in answers[0].headers
    await door.ledger.wait(1)
    assert door.ledger.entries[0].refused == "malformed"
    await still_works(door)


async def test_pipelined_requests_are_answered_in_order(door: Door) -> None:
    answers = await door.raw(http(BODY) + http(b"{}", target="/v1/files") + http(BODY), answers=3)
    assert [answer.status for answer in answers] == [200, 403]
    assert len(door.model.requests) == 1  # the refused one had an unread body: nothing after it is trusted


async def test_a_connection_is_kept_for_the_next_request(door: Door) -> None:
    answers = await door.raw(http(BODY) + http(b"[]") + http(BODY), answers=3)
    assert [answer.status for answer in answers] == [200, 400, 200]


async def test_a_client_that_expects_100_gets_it(door: Door) -> None:
    answers = await door.raw(http(BODY, headers="Expect: 100-continue\r\n"))
    assert b"hello there" in answers[0].body


async def test_an_upgrade_is_ignored(door: Door) -> None:
    headers = "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n"
    answers = await door.raw(http(BODY, headers=headers))
    assert answers[0].status == 200
    assert "upgrade" not in door.model.requests[0].headers


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"POST /v1/mess", [408]), (http(BODY)[:-5], [408]), (b"", [])],
    ids=["slow headers", "slow body", "idle"],
)
async def test_slow_clients_are_given_up(data: bytes, status: list[int]) -> None:
    bounds = GatewayLimits(header_seconds=0.1, body_seconds=0.1, idle_seconds=0.1)
    async with open_door(bounds=bounds) as door:
        with anyio.fail_after(5):
            assert [answer.status for answer in await door.raw(data)] == status
        await still_works(door)


async def test_a_client_that_never_reads_is_given_up() -> None:
    script = {"otherwise": {"say": "{words:400000}", "delta_words": 4000}}
    async with open_door(script, bounds=GatewayLimits(write_seconds=0.2)) as door:
        stream = await anyio.connect_tcp("127.0.0.1", door.port)
        async with stream:
            stream.extra(anyio.abc.SocketAttribute.raw_socket).setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # noqa: S610 - no Django
            await stream.send(http(json.dumps(ask(stream=True)).encode()))
            await door.ledger.wait(1)
    assert not door.ledger.entries[0].complete


async def test_a_body_over_the_limit_is_not_read() -> None:
    async with open_door(max_body_bytes=1000) as door:
        answers = await door.raw(http(b"x" * 1001))
        assert answers[0].status == 413
        assert door.ledger.entries[0].refused == "body_bytes"
        await still_works(door)


async def test_hostile_names_are_harmless_in_ledger_and_log(caplog: pytest.LogCaptureFixture) -> None:
    async with open_door() as door:
        with caplog.at_level("INFO", logger="jupyter_agent_host"):
            await door.raw(http(b"", target="/\x1b[31m" + "a" * 5000))
            await door.raw(http(b"", target="/caf\xe9"))
            await door.post(ask(model="claude-\n2026 fake log line"))
        await door.ledger.wait(2)
    assert all(len(entry.path) < 1000 and entry.path.isprintable() for entry in door.ledger.entries)
    assert all("\n" not in record.getMessage() and "\x1b" not in record.getMessage() for record in caplog.records)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda at, junk, tail: http(BODY, headers="X-A: b\r\n")[:at] + junk + http(BODY)[at:] + tail,
            st.integers(0, 80),
            st.binary(min_size=1, max_size=12),
            st.binary(max_size=20),
        ),
    )
)
def test_no_bytes_break_the_door(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def attack() -> None:
        bounds = GatewayLimits(header_seconds=0.05, body_seconds=0.05, idle_seconds=0.05, tarpit_seconds=0)
        async with open_door(bounds=bounds) as door:
            with anyio.fail_after(10):
                await door.raw(data)
            assert (await door.post(ask())).status_code == 200

    anyio.run(attack)
    assert "a connection of the gateway failed" not in caplog.text
