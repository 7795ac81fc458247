"""Reading destinations, judging addresses, matching rules."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.gateway.egress import EgressRefusal
from jupyter_agent_host.host.gateway.egress.destination import read_absolute, read_authority
from jupyter_agent_host.host.gateway.egress.public_addresses import is_companys_own, what_is
from jupyter_agent_host.host.gateway.gateway_refusal import Refusal
from jupyter_agent_host.host.network.host_presets import PRESETS
from jupyter_agent_host.host.network.host_rules import read_rule


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"Python.org:443", "python.org:443"),
        (b"python.org.:443", "python.org:443"),
        (b"xn--bcher-kva.example:8443", "xn--bcher-kva.example:8443"),
        (b"1.2.3.4:80", "1.2.3.4:80"),
        (b"[2606:2800:0220:0001::1]:443", "[2606:2800:220:1::1]:443"),
        (b"_dmarc.example.org:1", "_dmarc.example.org:1"),
    ],
)
def test_one_spelling(text: bytes, shown: str) -> None:
    assert str(read_authority(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b":443",
        b"python.org",
        b"python.org:",
        b"python.org:0",
        b"python.org:65536",
        b"python.org:0443",
        b"python.org:+443",
        b"python.org:443:443",
        b"user@python.org:443",
        b"python.org@evil.example:443",
        b"python.org..:443",
        b".python.org:443",
        b"pypi..org:443",
        b"-python.org:443",
        b"python.org%00.evil.example:443",
        b"python.org\\.evil.example:443",
        b"python.org/..:443",
        b"b\xc3\xbccher.example:443",
        b"127.1:80",
        b"2130706433:80",
        b"0x7f000001:80",
        b"0177.0.0.1:80",
        b"127.0.0.01:80",
        b"127.0.0.0x1:80",
        b"1.2.3.4.5:80",
        b"[::1:80",
        b"[::1]80",
        b"[fe80::1%25eth0]:80",
        b"[fe80::1%eth0]:80",
        b"::1:80",
        b"[v1.x]:80",
        b"a" * 64 + b".org:80",
        b"a." * 130 + b"org:80",
    ],
)
def test_odd_spellings_are_refused(text: bytes) -> None:
    with pytest.raises(EgressRefusal) as refused:
        read_authority(text)
    assert refused.value.rule == "target"


@pytest.mark.parametrize(
    ("target", "shown", "path"),
    [
        (b"http://example.org", "example.org:80", b"/"),
        (b"HTTP://Example.org:8080/a?b=c#d", "example.org:8080", b"/a?b=c"),
        (b"http://example.org?x", "example.org:80", b"/?x"),
        (b"http://[2606:2800::1]/x", "[2606:2800::1]:80", b"/x"),
    ],
)
def test_absolute_addresses(target: bytes, shown: str, path: bytes) -> None:
    destination, rest = read_absolute(target)
    assert (str(destination), rest) == (shown, path)


@pytest.mark.parametrize(
    "target", [b"https://a.example/", b"ftp://a.example/", b"//a.example/", b"*", b"http:/a", b"http:///a", b"x"]
)
def test_other_schemes_are_refused(target: bytes) -> None:
    with pytest.raises(EgressRefusal):
        read_absolute(target)


@given(st.binary(max_size=80))
def test_whatever_is_read_has_one_spelling(data: bytes) -> None:
    """What was understood is understood again from its own spelling, and holds nothing that could mean something."""
    try:
        destination = read_authority(data, default_port=80)
    except Refusal:
        return
    assert read_authority(str(destination).encode()) == destination
    assert not set(destination.host) & set("@/\\%#? \t\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "169.254.1.1",
        "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "203.0.113.1",
        "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fec0::1", "fc00::1",
        "fd00:ec2::254", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "::127.0.0.1", "::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1",
        "2002:7f00:1::", "2002:a00:1::1",
        "2001:0:7f00:1::", "2001:db8::1", "100::1", "4000::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_outside(text: str) -> None:
    assert what_is(ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "93.184.216.34", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(text: str) -> None:
    assert what_is(ip_address(text)) == ""
    assert not is_companys_own(ip_address(text))


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_each_of_its_forms(address: object) -> None:
    kind = what_is(ip_address(str(address)))
    assert bool(what_is(ip_address(f"::ffff:{address}"))) == bool(kind)
    assert bool(what_is(ip_address(int(ip_address("64:ff9b::")) | int(ip_address(str(address)))))) == bool(kind)


def test_a_companys_own_addresses() -> None:
    assert all(is_companys_own(ip_address(text)) for text in ("10.1.2.3", "192.168.0.9", "fd00::5", "::ffff:10.1.2.3"))
    others = ("127.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "fe80::1", "fd00:ec2::254", "224.0.0.1")
    assert not any(is_companys_own(ip_address(text)) for text in others)


@pytest.mark.parametrize(
    ("rule", "text", "shown", "named", "others"),
    [
        ("Cell.org", None, None, ["cell.org:443", "cell.org:80"], ["cell.org:22", "a.cell.org:443", "xcell.org:443"]),
        ("*.example.org", None, None, ["a.example.org:443", "b.a.example.org:80"], ["example.org:1", "xexample.org:1"]),
        ("git.example.org:8443", None, None, ["git.example.org:8443"], ["git.example.org:443"]),
        ("git.example.org:*", None, None, ["git.example.org:1", "git.example.org:65535"], ["x.git.example.org:1"]),
        ("*", None, None, ["any.example:443"], ["any.example:22"]),
        ("bücher.example", None, "xn--bcher-kva.example", ["xn--bcher-kva.example:443"], ["bucher.example:443"]),
        ("1.2.3.4:80", None, None, ["1.2.3.4:80"], ["1.2.3.5:80"]),
        ("[2606::1]:443", None, None, ["[2606::1]:443"], ["[2606::2]:443"]),
        ("2606::1", None, "[2606::1]", ["[2606::1]:443"], []),
        ("example.org.", None, "example.org", ["example.org.:443"], []),
    ],
)  # fmt: skip
def test_rules(rule: str, text: None, shown: str | None, named: list[str], others: list[str]) -> None:
    read = read_rule(rule)
    assert read.text == (shown or rule.lower())
    assert read_rule(read.text) == read
    assert all(read.names(read_authority(authority.encode())) for authority in named)
    assert not any(read.names(read_authority(authority.encode())) for authority in others)


@pytest.mark.parametrize(
    "rule", ["", " ", "*.org", "*.*", "a.*", "*x.org", "http://a.example", "a.example/x", "a:b", "a:0", "a b", "1.2.3",
             "x" * 400]
)  # fmt: skip
def test_what_is_no_rule(rule: str) -> None:
    with pytest.raises(ConfigError):
        read_rule(rule)


def test_presets_hold_rules() -> None:
    assert all(read_rule(host).text == host for hosts in PRESETS.values() for host in hosts)
