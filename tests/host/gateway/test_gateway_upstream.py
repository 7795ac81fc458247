"""How the gateway reaches the model's API: certificates are checked, a company's proxy is used."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import anyio
import anyio.abc
import pytest
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from gateway_door import SECRET, ask, open_door

from jupyter_agent_host.host.gateway import GatewayLimits

pytestmark = pytest.mark.anyio

Serve = Callable[[anyio.abc.ByteStream], Awaitable[None]]


def self_signed(folder: Path) -> Path:
    """Certificate and key for 127.0.0.1, signed by nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path


@asynccontextmanager
async def listening(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django
    outer = listener if context is None else TLSListener(listener, context)
    async with outer, anyio.create_task_group() as group:
        group.start_soon(outer.serve, serve)
        yield port
        group.cancel_scope.cancel()


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    got = []

    async def serve(stream: anyio.abc.ByteStream) -> None:
        got.append(await stream.receive())

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    async with listening(serve, context) as port, open_door(base_url=f"https://127.0.0.1:{port}") as door:
        response = await door.post(ask())
    assert response.status_code == 402
    assert "set SSL_CERT_FILE on the Jupyter server" in response.json()["error"]["message"]
    assert got == []


async def test_the_proxy_of_the_environment_is_used_and_never_sees_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    got = []

    async def serve(stream: anyio.abc.ByteStream) -> None:
        async with stream:
            got.append(await stream.receive())
            await stream.send(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")

    async with listening(serve) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with open_door(base_url="https://api.example") as door:
            response = await door.post(ask())
    assert got[0].startswith(b"CONNECT api.example:443 ")
    assert SECRET.encode() not in got[0]
    assert response.status_code == 503
    assert "could not be reached (ProxyError)" in response.json()["error"]["message"]


async def test_a_model_on_loopback_is_reached_past_any_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with open_door() as door:
        assert (await door.post(ask())).status_code == 200


async def test_an_upstream_that_says_nothing_is_given_up() -> None:
    async def serve(stream: anyio.abc.ByteStream) -> None:
        async with stream:
            await stream.receive()
            await anyio.sleep_forever()

    async with (
        listening(serve) as port,
        open_door(base_url=f"http://127.0.0.1:{port}", bounds=GatewayLimits(read_seconds=0.2)) as door,
    ):
        response = await door.post(ask())
    assert response.status_code == 503
    assert "did not answer in time" in response.json()["error"]["message"]
    assert response.headers["retry-after"] == "2"


async def test_cookies_of_the_upstream_are_forgotten() -> None:
    got = []

    async def serve(stream: anyio.abc.ByteStream) -> None:
        async with stream:
            for _ in range(2):
                got.append(await stream.receive())
                await stream.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
                await stream.send(b"set-cookie: a=b\r\ncontent-length: 2\r\n\r\n{}")

    async with listening(serve) as port, open_door(base_url=f"http://127.0.0.1:{port}") as door:
        responses = [await door.post(ask()) for _ in range(2)]
    assert len(got) == 2
    assert b"cookie" not in got[1].lower()
    assert all("set-cookie" not in response.headers for response in responses)
