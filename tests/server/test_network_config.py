"""Settings about the outside: how an administrator writes them, and what is told about wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError
from traitlets.config import Config

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.settings import CompanyNetwork, HostSettings, NetworkSettings
from jupyter_agent_host.server.config.agent_host_traits import AgentHost

VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE",
             "REQUESTS_CA_BUNDLE", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL")  # fmt: skip


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def settings(**traits: object) -> HostSettings:
    return AgentHost(config=Config({"AgentHost": traits})).to_settings()


def test_the_network_is_off_by_default() -> None:
    assert settings().network == NetworkSettings()
    assert settings().gateway.company is None


def test_rules_have_one_spelling() -> None:
    made = settings(allowed_hosts=["Python.org", "python-packages", "bücher.example:8443"], network_policy="ask")
    assert made.network.allowed_hosts == ("python.org", "python-packages", "xn--bcher-kva.example:8443")
    assert made.network.policy == "ask"


@pytest.mark.parametrize(
    ("trait", "value", "words"),
    [
        ("allowed_hosts", ["https://python.org"], "allowed_hosts"),
        ("allowed_hosts", ["python-package"], "presets are python-packages"),
        ("denied_hosts", ["*.org"], "too wide"),
        ("private_hosts", ["a b"], "private_hosts"),
        ("network_policy", "allow", "network_policy"),
        ("max_network_connections", 64, "between 1 and 48"),
        ("max_network_bytes", 0, "above zero"),
        ("audit_backups", -1, "audit_backups"),
    ],
)
def test_a_wrong_rule_is_told(trait: str, value: object, words: str) -> None:
    with pytest.raises(TraitError, match=words):
        settings(**{trait: value})


def test_credentials_and_mcp_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDEX_TOKEN", "s3cret")
    monkeypatch.setenv("GATEWAY_TOKEN", "g4teway")
    made = settings(
        credentials={"index": {"url": "https://i.example/simple/", "use": "pip", "basic": "me:{env:INDEX_TOKEN}"}},
        mcp_servers={
            "local": {"command": "uvx", "args": ["server"], "env": {"A": "b"}, "about": "a phrase"},
            "remote": {"url": "https://m.example/mcp", "bearer": "{env:INDEX_TOKEN}", "enabled": True},
        },
        upstream_headers={"x-gateway": "{env:GATEWAY_TOKEN}"},
    )
    (index,) = made.services
    assert index.basic is not None
    assert index.basic.read_now() == "me:s3cret"
    local, remote = made.mcp_servers
    assert (local.command, local.args, local.enabled) == ("uvx", ("server",), False)
    assert remote.service is not None
    assert remote.service.headers["Authorization"].read_now() == "Bearer s3cret"
    assert made.gateway.headers["x-gateway"].read_now() == "g4teway"
    assert "s3cret" not in repr(made)
    assert "INDEX_TOKEN" not in __import__("os").environ, "kernels must not inherit it"


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        ({"Index": {"url": "https://i.example/"}}, "lower case"),
        ({"a": "https://i.example/"}, "must be a dictionary"),
        ({"a": {"url": "http://i.example/"}}, "must be https"),
        ({"a": {"url": "https://u:p@i.example/"}}, "without user"),
        ({"a": {"url": "https://i.example/", "token": "x"}}, "no 'token'"),
        ({"a": {"url": "https://i.example/", "use": "apt"}}, "use is one of pip, npm, git, other"),
        ({"a": {"url": "https://i.example/", "basic": "a:b", "bearer": "c"}}, "not by basic and bearer"),
        ({"a": {"url": "https://i.example/", "bearer": "{TOKEN}"}}, "no other braces"),
        ({"a": {"url": "https://i.example/", "headers": {"a b": "c"}}}, "headers are texts"),
    ],
)
def test_wrong_credentials_are_told(credentials: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        settings(credentials=credentials)


@pytest.mark.parametrize(
    ("servers", "words"),
    [
        ({"a": {}}, "needs a url, or a command"),
        ({"notebook": {"command": "x"}}, "lower case"),
        ({"a": {"command": "x", "env": {"T": "{env:TOKEN}"}}}, "where no secret may go"),
        ({"a": {"url": "https://m.example/", "type": "ws"}}, "http or sse"),
        ({"a": {"command": "x", "args": "-v"}}, "args"),
    ],
)
def test_wrong_mcp_servers_are_told(servers: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        settings(mcp_servers=servers)


def test_one_name_for_one_place() -> None:
    with pytest.raises(ConfigError, match="name of a credential and of an MCP server"):
        settings(credentials={"a": {"url": "https://i.example/"}}, mcp_servers={"a": {"url": "https://m.example/"}})


def test_the_companys_network_comes_from_settings_or_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:p%40ss@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost, .corp.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    made = settings().gateway.company
    assert made is not None
    assert (made.proxy, made.no_proxy, made.ca_bundle) == (
        "http://proxy.example:3128", ("localhost", ".corp.example"), bundle,
    )  # fmt: skip
    assert made.proxy_user is not None
    assert made.proxy_user.read_now() == "me:p@ss"
    assert "p@ss" not in repr(made)
    monkeypatch.setenv("PROXY_PW", "other")
    made = settings(proxy="https://two.example:1", proxy_user="you:{env:PROXY_PW}", no_proxy=["x"]).gateway.company
    assert made is not None
    assert (made.proxy, made.no_proxy) == ("https://two.example:1", ("x",))
    assert made.proxy_user is not None
    assert made.proxy_user.read_now() == "you:other"


@pytest.mark.parametrize(
    ("traits", "words"),
    [({"proxy": "socks5://p.example:1"}, "must be http"), ({"ca_bundle": "/nonexistent.pem"}, "is no file")],
)
def test_a_wrong_company_network_is_told(traits: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        settings(**traits)


def test_no_company_is_none() -> None:
    assert CompanyNetwork() == CompanyNetwork(proxy="", no_proxy=())
