"""An engine behind TLS: whose certificates are believed, and a connection that is read and written at once."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
import trustme
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener

from jupyter_agent_host.container_engine.engine import open_engine
from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.providers.docker.hijacked_streams import TlsStream, wrap_socket

pytestmark = pytest.mark.anyio

MEGABYTE = bytes(range(256)) * 4096


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def stream(authority: trustme.CA) -> AsyncIterator[ByteStream]:
    """A connection to somebody who sends everything back."""
    ours, theirs = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.configure_trust(ours)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)

    async def send_back(client: ByteStream) -> None:
        async with client:
            async for data in client:
                await client.send(data)

    def connect(port: int) -> ssl.SSLSocket:
        return ours.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", family=socket.AF_INET)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(TLSListener(listener, theirs, standard_compatible=False).serve, send_back)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django
        made = await wrap_socket(await anyio.to_thread.run_sync(connect, port))
        assert isinstance(made, TlsStream)
        yield made
        await made.aclose()
        tasks.cancel_scope.cancel()


async def test_both_directions_at_once(stream: ByteStream) -> None:
    received = bytearray()

    async def read() -> None:
        while len(received) < 4 * len(MEGABYTE):
            received.extend(await stream.receive())

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            for _ in range(4):
                await stream.send(MEGABYTE)
    assert received == MEGABYTE * 4


async def test_closing_ends_whoever_reads(stream: ByteStream) -> None:
    async def read() -> None:
        with pytest.raises(anyio.ClosedResourceError):
            await stream.receive()

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            await stream.aclose()
        with pytest.raises(anyio.ClosedResourceError):
            await stream.send(b"late")


async def test_the_engines_own_certificates_win_over_those_of_the_web(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    person = authority.issue_cert("person@example.org")
    person.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    person.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "web.pem"))
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    asked = bytearray()

    async def answer(client: ByteStream) -> None:
        async with client:
            asked.extend(await client.receive())
            await client.send(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", family=socket.AF_INET)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(TLSListener(listener, theirs, standard_compatible=False).serve, answer)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "web.pem"))
        with pytest.raises(AgentHostError, match="500"):
            await anyio.to_thread.run_sync(open_engine)
        tasks.cancel_scope.cancel()
    assert asked.startswith(b"GET /version ")
