"""Places that the gateway signs in to: the credential goes there and nowhere else."""

from __future__ import annotations

import base64
import json
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_door import Door, Ledger, open_door
from hypothesis import given
from hypothesis import strategies as st
from outside_servers import Authority, Site, fill, make_authority, npm_page, serving
from outside_world import World
from test_egress_door import OpenNetwork

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.gateway import GatewayLimits
from jupyter_agent_host.host.gateway.egress import EgressRefusal
from jupyter_agent_host.host.gateway.egress.dialer import Dialer
from jupyter_agent_host.host.gateway.services import check_service
from jupyter_agent_host.host.gateway.services.mcp_endpoint_rewriter import EndpointRewriter
from jupyter_agent_host.host.gateway.services.response_rewriter import Scrubber, rewrite
from jupyter_agent_host.host.gateway.services.service_paths import check_use, read_target
from jupyter_agent_host.host.secret_text import read_secret_text
from jupyter_agent_host.host.settings import CompanyNetwork, ServiceSettings

pytestmark = pytest.mark.anyio

TOKEN = "tok-3c0ffee-secret"
BASIC = base64.b64encode(f"agent:{TOKEN}".encode()).decode()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Authority, World]]:
    folder = tmp_path_factory.mktemp("services")
    fill(folder / "root")
    authority = make_authority(folder)
    with serving(folder / "root", authority) as site:
        site.wants = f"Basic {BASIC}"
        world = World()
        world.put("private.example", 443, site.port, "10.20.30.40")
        npm_page(site, "https://private.example")
        yield site, authority, world


def service(use: Any, path: str = "/", **fields: Any) -> ServiceSettings:
    basic = read_secret_text("agent:{env:TOKEN}", {"TOKEN": TOKEN})
    return ServiceSettings(
        name=f"the-{use}", url=f"https://private.example{path}", use=use, **{"basic": basic, **fields}
    )


@asynccontextmanager
async def door(here: tuple[Site, Authority, World], *services: ServiceSettings) -> AsyncIterator[Door]:
    _, authority, world = here
    async with open_door(
        ledger=Ledger(network=OpenNetwork()),
        outside=world,
        services=services,
        company=CompanyNetwork(ca_bundle=authority.ca),
    ) as opened:
        yield opened


async def get(opened: Door, path: str, *, method: str = "GET", **headers: str) -> httpx.Response:
    async with opened.client() as client:
        return await client.request(method, path, headers=headers)


async def test_an_index_is_signed_in_to_and_its_links_lead_back(here: tuple[Site, Authority, World]) -> None:
    site, *_ = here
    async with door(here, service("pip", "/simple/"), service("npm")) as opened:
        page = await get(opened, "/to/the-pip/simple/tiny-thing/", authorization="Bearer mine", cookie="a=b")
        assert page.status_code == 200
        assert "../../files/tiny_thing" in page.text
        _, _, sent = site.seen[-1]
        assert sent["authorization"] == f"Basic {BASIC}"
        assert sent["host"] == "private.example:443" or sent["host"] == "private.example"
        assert "cookie" not in sent
        listed = (await get(opened, "/to/the-npm/tiny-pkg/")).json()
        tarball = listed["versions"]["1.0.0"]["dist"]["tarball"]
        assert tarball == f"{opened.url}/to/the-npm/tiny-pkg-1.0.0.tgz"
        assert (await get(opened, tarball.removeprefix(opened.url))).status_code == 200
        network = opened.ledger.network
        assert isinstance(network, OpenNetwork)
        await network.wait(3)
        assert {(record.via, record.verdict) for record in network.records} == {
            ("service the-pip", "allowed"), ("service the-npm", "allowed"),
        }  # fmt: skip


async def test_the_credential_never_comes_back(
    here: tuple[Site, Authority, World], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = service("other")
    async with door(here, settings) as opened:
        echoed = await get(opened, "/to/the-other/echo")
        assert echoed.json()["Authorization"].strip("*") in ("", "Basic ")
        away = await get(opened, "/to/the-other/away")
        assert away.headers["location"] == "https://elsewhere.example/"
        assert "set-cookie" not in away.headers
        here[0].wants = "something else"
        wrong = await get(opened, "/to/the-other/echo")
        here[0].wants = f"Basic {BASIC}"
        assert wrong.status_code == 502
        assert "refused the server's credential (401)" in wrong.text
        assert "www-authenticate" not in wrong.headers
        network = opened.ledger.network
    for text in (caplog.text, repr(settings), repr(network), echoed.text, wrong.text, str(echoed.headers)):
        assert TOKEN not in text
        assert BASIC not in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/to/nosuch/x", 404),
        ("/to/", 400),
        ("/to/THE-GIT/x", 400),
        ("/to/the-git/git/../echo", 400),
        ("/to/the-git/git/%2e%2e/echo", 400),
        ("/to/the-git/git/%252e%252e/echo", 400),
        ("/to/the-git/git/..%5cecho", 400),
        ("/to/the-git/git/%00/git-upload-pack", 400),
        ("/to/the-git/echo/git-upload-pack", 403),
        ("/to/the-git/git/tiny.git/HEAD", 403),
        ("/to/the-git/git/tiny.git/info/refs?service=git-receive-pack", 403),
        ("/to/the-git/git/tiny.git/git-receive-pack", 403),
        ("/to/the-mcp/other", 403),
    ],
)
async def test_what_a_service_is_not_for(here: tuple[Site, Authority, World], path: str, status: int) -> None:
    before = len(here[0].seen)
    async with door(here, service("git", "/git/"), service("mcp", "/mcp")) as opened:
        (answer,) = await opened.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), method="GET")
    assert answer.status == status
    assert len(here[0].seen) == before, "nothing was asked outside"


async def test_an_index_is_only_read(here: tuple[Site, Authority, World]) -> None:
    async with door(here, service("pip", "/simple/")) as opened:
        assert (await get(opened, "/to/the-pip/legacy/", method="POST")).status_code == 405


async def test_a_missing_secret_is_named_and_a_file_is_read_anew(
    here: tuple[Site, Authority, World], tmp_path: Path
) -> None:
    secret = tmp_path / "token"
    basic = read_secret_text(f"agent:{{file:{secret}}}", {})
    async with door(here, service("other", basic=basic)) as opened:
        missing = await get(opened, "/to/the-other/echo")
        assert missing.status_code == 502
        assert f"no credential at file {secret}" in missing.text
        secret.write_text(f"{TOKEN}\n")
        assert (await get(opened, "/to/the-other/echo")).status_code == 200


@pytest.mark.parametrize(
    "url", ["http://private.example/", "https://user:pw@private.example/", "ftp://x.example/", "x"]
)
async def test_addresses_that_a_service_cannot_have(here: tuple[Site, Authority, World], url: str) -> None:
    outside = Dialer(here[2], GatewayLimits())
    with pytest.raises(ConfigError):
        check_service(ServiceSettings(name="a", url=url), outside, ssl.create_default_context())


async def test_a_service_is_never_a_metadata_address(here: tuple[Site, Authority, World]) -> None:
    _, _, world = here
    world.names["meta.example"] = [["169.254.169.254"]]
    async with door(here, ServiceSettings(name="a", url="https://meta.example/")) as opened:
        answer = await get(opened, "/to/a/latest")
        assert answer.status_code == 403
        assert "metadata" in answer.text


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=6), st.sampled_from([b"secret", b"aab", b"aa"]))
def test_a_scrubbed_stream_is_a_scrubbed_whole(data: bytes, cuts: list[int], secret: bytes) -> None:
    """However a stream is cut, the secret is masked, the length stays, and nothing is held back at the end."""
    data = data[:30] + secret + data[30:] + secret[:-1]
    scrub, out, start = Scrubber([secret]), b"", 0
    for cut in sorted(cuts):
        out += scrub(data[start:cut], False)
        start = max(start, cut)
    out += scrub(data[start:], False) + scrub(b"", True)
    assert len(out) == len(data)
    assert secret not in out


def test_only_links_to_the_very_origin_are_rewritten() -> None:
    origins = ("https://a.example:443", "https://a.example")
    page = b'"https://a.example/x" https:\\/\\/a.example\\/y https://a.example.evil/ https://b.example/ https://a.example:443/z'
    assert rewrite(page, origins, "http://i/to/a") == (
        b'"http://i/to/a/x" http://i/to/a\\/y https://a.example.evil/ https://b.example/ http://i/to/a/z'
    )


@given(st.binary(max_size=40))
def test_no_path_leaves_its_service(data: bytes) -> None:
    try:
        target = read_target(b"/to/a/git/" + data)
        check_use("git", b"GET", target.path, b"/git/", push=False)
    except EgressRefusal:
        return
    assert target.path.startswith(b"/git/")
    assert b".." not in target.path.split(b"?")[0].split(b"/")


def test_placeholders_are_read_and_their_values_never_shown() -> None:
    text = read_secret_text("Bearer {env:A}", {"A": TOKEN})
    assert text.read_now() == f"Bearer {TOKEN}"
    assert TOKEN not in repr(text)
    for wrong in ("{env:}", "{A}", "{", "{keyring:x}", "{{env:A}}"):
        with pytest.raises(ConfigError):
            read_secret_text(wrong, {})
    assert json.dumps({"label": text.label}) == '{"label": "environment variable A"}'


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_address_for_messages_of_an_mcp_server_leads_back_inside(size: int) -> None:
    heard: list[bytes] = []
    rewriter = EndpointRewriter(("https://a.example:443", "https://a.example"), "/to/a", heard.append)
    stream = (
        b"event: endpoint\r\ndata: https://a.example/messages/?session_id=1\r\n\r\nevent: message\r\ndata: /x\r\n\r\n"
    )
    pieces = [rewriter(stream[at : at + size], False) for at in range(0, len(stream), size)]
    assert b"".join([*pieces, rewriter(b"", True)]) == stream.replace(b"https://a.example/", b"/to/a/", 1)
    assert heard == [b"/messages/"]


@pytest.mark.parametrize(
    "event",
    [
        b"event: message\ndata: /messages/\n\n",
        b"event: endpoint\ndata: //b.example/messages/\n\n",
        b"event: endpoint\ndata: https://a.example.evil/messages/\n\n",
        b"event: endpoint\ndata: https://b.example/messages/\n\n",
        b"event: endpoint\n\n",
        b"data: x" * 5000,
    ],
)
def test_no_other_address_is_led_back_or_opened(event: bytes) -> None:
    heard: list[bytes] = []
    rewriter = EndpointRewriter(("https://a.example",), "/to/a", heard.append)
    assert rewriter(event, False) + rewriter(b"", True) == event
    assert heard == []


def test_messages_go_where_the_server_takes_them_and_nowhere_else() -> None:
    def use(method: bytes, path: bytes, announced: tuple[bytes, ...] = ()) -> None:
        check_use("mcp", method, path, b"/sse/", push=False, announced=announced)

    use(b"POST", b"/messages/?session_id=1", (b"/messages/",))
    for method, path, announced in (
        (b"POST", b"/messages/", ()),
        (b"GET", b"/messages/", (b"/messages/",)),
        (b"POST", b"/messages/more", (b"/messages/",)),
    ):
        with pytest.raises(EgressRefusal):
            use(method, path, announced)
