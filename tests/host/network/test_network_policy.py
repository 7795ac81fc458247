"""Decisions of the network policy, and the amounts that one notebook may move."""

from __future__ import annotations

import pytest

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.gateway.egress import EgressRefusal
from jupyter_agent_host.host.gateway.egress.destination import read_authority
from jupyter_agent_host.host.network import NetworkPolicy
from jupyter_agent_host.host.network.network_policy import canonical
from jupyter_agent_host.host.network.traffic_limits import Amounts
from jupyter_agent_host.host.settings import NetworkSettings

OPEN = NetworkSettings(
    allowed_hosts=("*.example.org", "git-hosting", "db.corp.example:5432"),
    denied_hosts=("bad.example.org",),
    private_hosts=("db.corp.example:5432",),
)
ASKING = NetworkSettings(policy="ask", allowed_hosts=("a.example.org",))
LOCKED = NetworkSettings(policy="ask", locked=True, allowed_hosts=("a.example.org",))


@pytest.mark.parametrize(
    ("settings", "notebook", "destination", "verdict", "rule"),
    [
        (OPEN, {}, "a.example.org:443", "allow", "allowed_hosts: *.example.org"),
        (OPEN, {}, "a.example.org:22", "deny", "network_off"),
        (OPEN, {}, "example.org:443", "deny", "network_off"),
        (OPEN, {}, "bad.example.org:443", "deny", "denied_hosts: bad.example.org"),
        (OPEN, {"bad.example.org": "allow"}, "bad.example.org:443", "deny", "denied_hosts: bad.example.org"),
        (OPEN, {"a.example.org": "deny"}, "a.example.org:443", "deny", "notebook: a.example.org"),
        (OPEN, {"b.example": "allow"}, "b.example:443", "allow", "notebook: b.example"),
        (OPEN, {"b.example": "allow", "*": "deny"}, "b.example:443", "deny", "notebook: *"),
        (OPEN, {}, "db.corp.example:5432", "allow", "allowed_hosts: db.corp.example:5432"),
        (ASKING, {}, "b.example:8080", "ask", "network_policy: ask"),
        (ASKING, {}, "10.0.0.1:80", "deny", "private_address"),
        (ASKING, {}, "169.254.169.254:80", "deny", "private_address"),
        (ASKING, {}, "[::1]:80", "deny", "private_address"),
        (ASKING, {}, "intranet:80", "deny", "network_off"),
        (ASKING, {}, "1.1.1.1:443", "ask", "network_policy: ask"),
        (LOCKED, {}, "b.example:443", "deny", "network_off"),
        (LOCKED, {"b.example": "allow"}, "b.example:443", "deny", "network_off"),
        (LOCKED, {"a.example.org": "deny"}, "a.example.org:443", "deny", "notebook: a.example.org"),
    ],
)
def test_decisions(
    settings: NetworkSettings, notebook: dict[str, str], destination: str, verdict: str, rule: str
) -> None:
    decision = NetworkPolicy(settings).decide(read_authority(destination.encode()), notebook)
    assert (decision.verdict, decision.rule) == (verdict, rule)
    assert decision.companys_own == destination.startswith("db.")
    assert verdict != "deny" or decision.sentence


def test_a_service_is_denied_only_by_name() -> None:
    destination = read_authority(b"bad.example.org:443")
    assert NetworkPolicy(OPEN).decide_service("x", destination, {}).verdict == "deny"
    other = read_authority(b"10.0.0.1:443")
    assert NetworkPolicy(LOCKED).decide_service("x", other, {}).verdict == "allow"
    assert NetworkPolicy(LOCKED).decide_service("x", other, {"10.0.0.1": "deny"}).verdict == "deny"


def test_a_misspelt_preset_is_no_host() -> None:
    assert canonical("git-hosting") == "git-hosting"
    with pytest.raises(ConfigError, match="presets are python-packages"):
        canonical("git-hostings")


def test_amounts() -> None:
    amounts = Amounts(NetworkSettings(max_connections=2, max_bytes_per_day=1000))
    amounts.open_one()
    amounts.open_one()
    with pytest.raises(EgressRefusal, match="too many network connections"):
        amounts.open_one()
    assert [amounts.may_tell(), amounts.may_tell()] == [True, False]
    amounts.close_one()
    amounts.open_one()
    amounts.count(1000)
    assert amounts.bytes_today == 1000
    with pytest.raises(EgressRefusal, match="more than 1000 bytes"):
        amounts.count(1)
    amounts.close_one()
    with pytest.raises(EgressRefusal, match="more than 1000 bytes"):
        amounts.open_one()
