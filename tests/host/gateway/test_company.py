"""Behind a company's proxy that wants a password, with a CA of the company's own: model, tunnels and services."""

from __future__ import annotations

import base64
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import pytest
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener
from gateway_door import Ledger, ask, open_door
from outside_servers import make_authority, serving
from outside_world import World
from test_egress_door import OpenNetwork, Rig, until

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.gateway.egress.company_proxy import check_proxy, is_excepted
from jupyter_agent_host.host.gateway.egress.destination import read_authority
from jupyter_agent_host.host.secret_text import read_secret_text
from jupyter_agent_host.host.settings import CompanyNetwork, ServiceSettings

pytestmark = pytest.mark.anyio

USER = "proxy-user:proxy-pa55word"
TOKEN = "gateway-s3cret"
PAIR = read_secret_text("proxy-user:{env:PW}", {"PW": "proxy-pa55word"})


@dataclass
class Proxy:
    """A CONNECT proxy that knows where names lead. `asked`: what it was asked to connect to."""

    leads: dict[str, int]
    port: int = 0
    asked: list[str] = field(default_factory=list)

    async def serve(self, client: anyio.abc.ByteStream) -> None:
        async with client:
            head = (await until(client, b"\r\n\r\n")).decode()
            target = head.split(" ")[1]
            self.asked.append(target)
            wanted = "Basic " + base64.b64encode(USER.encode()).decode()
            if f"proxy-authorization: {wanted}".lower() not in head.lower():
                await client.send(b"HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n")
                return
            if target not in self.leads:
                await client.send(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
                return
            async with await anyio.connect_tcp("127.0.0.1", self.leads[target]) as server:
                await client.send(b"HTTP/1.1 200 Here you are\r\n\r\n")
                with suppress(anyio.EndOfStream, anyio.BrokenResourceError, ExceptionGroup):
                    async with anyio.create_task_group() as group:
                        group.start_soon(_copy, client, server)
                        group.start_soon(_copy, server, client)


async def _copy(source: anyio.abc.ByteStream, target: anyio.abc.ByteStream) -> None:
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        async for chunk in source:
            await target.send(chunk)
        await target.send_eof()


@asynccontextmanager
async def proxying(leads: dict[str, int], tls: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    proxy = Proxy(leads)
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as plain, anyio.create_task_group() as group:
        proxy.port = plain.extra(SocketAttribute.local_port)  # noqa: S610 - no Django
        listener: Any = TLSListener(plain, tls, standard_compatible=False) if tls is not None else plain
        group.start_soon(listener.serve, proxy.serve)
        yield proxy
        group.cancel_scope.cancel()


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_everything_goes_through_the_companys_proxy(
    tmp_path: Path, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    authority = make_authority(tmp_path)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "hello").write_text("from outside")
    world = World()
    with serving(tmp_path / "root", authority) as site:
        leads = {f"{name}:443": site.port for name in ("index.example", "private.example", "git.example")}
        async with proxying(leads, authority.context() if scheme == "https" else None) as proxy:
            company = CompanyNetwork(
                proxy=f"{scheme}://127.0.0.1:{proxy.port}",
                proxy_user=PAIR,
                no_proxy=("a.example",),
                ca_bundle=authority.ca,
            )
            world.names["inside.example"] = [["169.254.169.254"]]
            async with open_door(
                ledger=Ledger(network=OpenNetwork(names=frozenset({"index.example", "inside.example", "npm.example"}))),
                outside=world,
                services=(ServiceSettings(name="private", url="https://private.example/"),),
                company=company,
                base_url="https://git.example",
            ) as door:
                rig = Rig(door, door.ledger.network, world, [])  # type: ignore[arg-type]
                stream, head = await rig.connect("index.example:443")
                await stream.aclose()
                assert head.startswith(b"HTTP/1.1 200")
                assert "169.254" in str(world.names)
                assert "metadata" in await rig.refused("inside.example:443")
                assert "does not connect to npm.example:443 (403)" in await rig.refused("npm.example:443")
                async with door.client() as client:
                    assert (await client.get("/to/private/hello")).text == "from outside"
                # A file server is no Messages API; what matters is that it was reached, and trusted.
                assert "no Messages API" in (await door.post(ask())).text or "404" in (await door.post(ask())).text
    assert {"index.example:443", "private.example:443", "git.example:443"} <= set(proxy.asked)
    assert "inside.example:443" not in proxy.asked
    assert "proxy-pa55word" not in caplog.text + repr(company)


async def test_a_proxy_that_refuses_or_is_away_is_said(tmp_path: Path) -> None:
    async with proxying({}) as proxy:
        wrong = CompanyNetwork(proxy=f"http://127.0.0.1:{proxy.port}")
        async with open_door(ledger=Ledger(network=OpenNetwork()), outside=World(), company=wrong) as door:
            rig = Rig(door, OpenNetwork(), World(), [])
            assert "502 The company's proxy refuses the server's credential." in await rig.refused("a.example:443")
    async with open_door(ledger=Ledger(network=OpenNetwork()), outside=World(), company=wrong) as door:
        rig = Rig(door, OpenNetwork(), World(), [])
        assert "502 The company's proxy cannot be reached." in await rig.refused("a.example:443")


@pytest.mark.parametrize(
    ("entry", "named", "others"),
    [
        ("a.example", ["a.example:443", "b.a.example:80"], ["xa.example:443", "a.example.org:443"]),
        (".a.example", ["a.example:443", "b.a.example:443"], ["xa.example:443"]),
        ("*.a.example", ["b.a.example:443"], ["xa.example:443"]),
        ("a.example:8443", ["a.example:8443"], ["a.example:443"]),
        ("10.0.0.0/8", ["10.1.2.3:443"], ["11.1.2.3:443", "a.example:443"]),
        ("10.1.2.3", ["10.1.2.3:443"], ["10.1.2.4:443"]),
        ("*", ["a.example:443", "10.1.2.3:443"], []),
        ("", [], ["a.example:443"]),
    ],
)
def test_no_proxy(entry: str, named: list[str], others: list[str]) -> None:
    company = CompanyNetwork(proxy="http://p.example:1", no_proxy=(entry,))
    assert all(is_excepted(company, read_authority(text.encode())) for text in named)
    assert not any(is_excepted(company, read_authority(text.encode())) for text in others)


@pytest.mark.parametrize("url", ["socks5://p:1", "http://", "http://u:p@p.example:1", "http://p.example:1/x", "p:1"])
def test_what_is_no_proxy(url: str) -> None:
    with pytest.raises(ConfigError):
        check_proxy(url)


async def test_a_model_gateways_own_headers_go_there_and_never_inside() -> None:
    script = {
        "rules": [{"when": {"prompt": "echo"}, "error": {"status": 400, "type": "invalid", "message": f"saw {TOKEN}"}}],
        "otherwise": {"say": "hello"},
    }
    headers = {"X-Model-Gateway": read_secret_text("{env:T}", {"T": TOKEN})}
    async with open_door(script, headers=headers) as door:
        assert (await door.post(ask())).status_code == 200
        sent = {name.lower(): text for name, text in door.model.requests[-1].headers.items()}
        assert sent["x-model-gateway"] == TOKEN
        assert "x-api-key" in sent
        echoed = await door.post(ask("echo"))
        assert "saw [credential]" in echoed.text
    missing = {"X-Model-Gateway": read_secret_text("{env:T}", {})}
    async with open_door(script, headers=missing) as door:
        assert "no credential at environment variable T" in (await door.post(ask())).text
