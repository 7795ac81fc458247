"""Settings: what a person writes into a configuration file, and what the host gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from traitlets import TraitError
from traitlets.config import Config

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.settings import PUBLIC_API, Credential, HostSettings
from jupyter_agent_host.server.config.agent_host_traits import AgentHost
from jupyter_agent_host.server.config.config_files import agent_host_from_files

GIB = 1024**3


def settings(**traits: object) -> HostSettings:
    return AgentHost(config=Config({"AgentHost": traits})).to_settings()


def test_defaults_are_those_of_the_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "HTTPS_PROXY", "https_proxy",
                 "ALL_PROXY", "all_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    made = settings(data_dir=str(tmp_path))
    plain = HostSettings(data_dir=tmp_path, provider_settings={"docker": {}})
    assert made == plain


@pytest.mark.parametrize(
    ("text", "size"), [("1G", GIB), ("512M", GIB // 2), ("1.5 GiB", 3 * GIB // 2), ("64k", 65536), (4096, 4096)]
)
def test_memory_takes_dockerspawners_units(text: object, size: int) -> None:
    assert settings(mem_limit=text).limits.mem_bytes == size


@pytest.mark.parametrize(
    ("trait", "value", "words"),
    [
        ("mem_limit", "lots", "number of bytes"),
        ("mem_limit", 0, "above zero"),
        ("mem_limit", True, "number of bytes"),
        ("idle_timeout", 0, "idle_timeout must be above zero"),
        ("cpu_limit", -1.0, "cpu_limit must be above zero"),
        ("max_budget_usd", 0.0, "max_budget_usd must be above zero"),
        ("network_name", "bridge", "only 'none'"),
        ("workspace", "everything", "workspace"),
        ("save_state", "some", "save_state"),
        ("permission_mode", "bypassPermissions", "permission_mode"),
        ("environment", {"ANTHROPIC_API_KEY": "sk"}, "must not hold ANTHROPIC_API_KEY"),
        ("environment", {"A": 1}, "text"),
        ("prices", {"claude-*": (1, 2)}, "four figures"),
        ("allowed_features", ["everything"], "allowed_features"),
    ],
)
def test_a_wrong_value_is_told(trait: str, value: object, words: str) -> None:
    with pytest.raises(TraitError, match=words):
        settings(**{trait: value})


def test_process_needs_consent() -> None:
    with pytest.raises(ConfigError, match="allow_unsandboxed"):
        settings(provider="process")
    assert settings(provider="process", allow_unsandboxed=True).provider == "process"


def test_docker_settings_meet(tmp_path: Path) -> None:
    made = settings(image="mine:1", runtime="runsc", provider_settings={"docker": {"pull_policy": "always"}})
    assert made.provider_settings["docker"] == {"image": "mine:1", "runtime": "runsc", "pull_policy": "always"}


def test_the_key_is_read_once_and_hidden() -> None:
    environ = {"ANTHROPIC_API_KEY": "sk-secret", "ANTHROPIC_AUTH_TOKEN": "other", "HOME": "/h"}
    host = AgentHost()
    upstream = host.take_upstream(environ)
    assert upstream.credential == Credential("api_key", "sk-secret")
    assert upstream.base_url == PUBLIC_API
    assert environ == {"HOME": "/h"}
    assert host.take_upstream(environ) is upstream
    assert host.to_settings().gateway.credential == upstream.credential
    assert "sk-secret" not in repr(host.to_settings())


def test_the_key_stays_when_told() -> None:
    environ = {"ANTHROPIC_AUTH_TOKEN": "t"}
    assert AgentHost(hide_key_from_kernels=False).take_upstream(environ).credential == Credential("auth_token", "t")
    assert environ == {"ANTHROPIC_AUTH_TOKEN": "t"}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com", "https"),
        ("https://user:pw@example.com", "password"),
        ("example.com", "no address"),
        ("https://example.com/?a=b", "no address"),
        ("file:///etc/passwd", "no address"),
    ],
)
def test_a_wrong_upstream_is_told_and_the_key_is_hidden_all_the_same(url: str, words: str) -> None:
    environ = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-secret"}
    with pytest.raises(ConfigError, match=words) as caught:
        AgentHost().take_upstream(environ)
    assert "pw" not in str(caught.value).split()
    assert "ANTHROPIC_API_KEY" not in environ


def test_plain_http_is_for_loopback() -> None:
    environ = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9000/"}
    assert AgentHost().take_upstream(environ).base_url == "http://127.0.0.1:9000"


def test_a_trait_wins_over_the_environment() -> None:
    environ = {"ANTHROPIC_BASE_URL": "https://one.example", "ANTHROPIC_API_KEY": "k"}
    upstream = AgentHost(upstream_url="https://two.example/api").take_upstream(environ)
    assert (upstream.base_url, upstream.credential) == ("https://two.example/api", Credential("api_key", "k"))


def test_settings_come_from_jupyters_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    (tmp_path / "jupyter_server_config.py").write_text("c.AgentHost.idle_timeout = 5\nc.AgentHost.model = 'm'\n")
    (tmp_path / "jupyter_agent_host_config.json").write_text('{"AgentHost": {"idle_timeout": 7}}')
    host = agent_host_from_files()
    assert (host.idle_timeout, host.model) == (7.0, "m")
