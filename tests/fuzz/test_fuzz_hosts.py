"""Where a request leads: nothing that any resolver takes for an address passes for a name."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import ip_address

import pytest
from fuzz_profile import looking
from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.gateway.egress import EgressRefusal
from jupyter_agent_host.host.gateway.egress.destination import Destination, read_absolute, read_authority
from jupyter_agent_host.host.gateway.egress.public_addresses import what_is
from jupyter_agent_host.host.network.host_rules import read_rule

pytestmark = pytest.mark.timeout(600)

PARTS = st.integers(0, 2**32).map(str) | st.integers(0, 2**32).map(hex) | st.integers(0, 255).map(lambda n: f"0{n:o}")
SPELLED = st.lists(PARTS, min_size=1, max_size=5).map(".".join)
LABELS = st.text("abcxyz0123456789-_.*[]:%@/\\\0 \u3002\uff11\u00ad\u200b", max_size=30)
PRIVATE = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.1.1", "0.0.0.0", "100.64.0.1", "172.17.0.1"]


def read(text: bytes) -> Destination | None:
    try:
        return read_authority(text)
    except EgressRefusal:
        return None


@looking
@given(SPELLED | LABELS, st.sampled_from(["", "."]))
@example("0x7f.1", "")
@example("127.0.0.1", ".")
@example("1.0x", "")
@example("0x", ".")
@example("4294967295", "")
def test_what_a_resolver_takes_for_an_address_is_one_here(host: str, dot: str) -> None:
    found = read(f"{host}{dot}:80".encode())
    if found is None:
        return
    with suppress(OSError, UnicodeError):
        resolved = socket.inet_ntoa(socket.inet_aton(found.host))
        assert found.address == ip_address(resolved)


def _absolute(text: bytes) -> Destination:
    return read_absolute(b"http://" + text)[0]


@looking
@given(st.binary(max_size=80))
@example(b"[::ffff:127.0.0.1%25eth0]:80")
@example(b"host:80\r\nX: y")
def test_any_target_is_read_in_one_way_or_refused(text: bytes) -> None:
    for reader in (
        read_authority,
        lambda data: read_absolute(data)[0],
        lambda data: read_absolute(b"http://" + data)[0],
    ):
        try:
            found = reader(text)
        except EgressRefusal:
            continue
        assert read_authority(str(found).encode()) == found, "what is shown and what is dialled are the same"
        assert found.host.isascii()
        assert not set(found.host) & set("@%/\\ \r\n\0")


@looking
@given(st.sampled_from(PRIVATE), st.sampled_from(["{}", "::ffff:{}", "64:ff9b::{}", "2002:{hex}::", "2001:0:{hex}::1"]))
def test_a_private_address_stays_private_inside_ipv6(four: str, form: str) -> None:
    packed = socket.inet_aton(four).hex()
    text = form.format(four, hex=f"{packed[:4]}:{packed[4:]}")
    assert what_is(ip_address(text)), text


@looking
@given(LABELS | SPELLED, LABELS)
@example("*.com", "evil.com")
@example("*.example.org", "example.org")
def test_a_rule_names_only_what_it_says(rule: str, host: str) -> None:
    try:
        made = read_rule(rule)
    except ConfigError:
        return
    assert read_rule(made.text) == made
    found = read(f"{host}:443".encode())
    if found is not None and made.names(found) and made.host:
        assert found.host == made.host or (made.below and found.host.endswith(f".{made.host}"))
