"""Attempts to reach anything by the network, past the gateway."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys

from attempt import Parameters, RefusedError, attempt, call, main

_SECONDS = 3.0


def _talk(address: tuple[str, int], family: int = socket.AF_INET) -> str:
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(address)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return _expect(connection.recv(4096))


def _expect(data: bytes) -> str:
    if b"canary" not in data:
        raise RefusedError(f"something else answered: {data[:40]!r}")
    return "reached it"


def _datagram(address: tuple[str, int], data: bytes) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(_SECONDS)
        connection.sendto(data, address)
        return _expect(connection.recv(4096))


@attempt
def connect_to_the_machine(given: Parameters) -> str:
    """Connect to a server on the machine's own address."""
    return _talk((given["machine"], given["port"]))


@attempt
def connect_to_the_machines_loopback(given: Parameters) -> str:
    """Connect to a server that listens on the machine's loopback only, as Jupyter does."""
    return _talk(("127.0.0.1", given["loopback_port"]))


@attempt
def connect_by_ipv6(given: Parameters) -> str:
    """Connect by IPv6, which some filters forget."""
    return _talk(("::1", given["port6"]), socket.AF_INET6)


@attempt
def connect_to_the_metadata_address(given: Parameters) -> str:
    """Connect to the address at which clouds hand out credentials."""
    return _talk((given["metadata"], given["port"]))


@attempt
def connect_to_the_gateway_of_containers(given: Parameters) -> str:
    """Connect to the machine by the address that it has on the engine's bridge."""
    return _talk((given["bridge"], given["port"]))


@attempt
def connect_to_another_container(given: Parameters) -> str:
    """Connect to a server in another container."""
    return _talk((given["container"], given["container_port"]))


@attempt
def send_a_datagram(given: Parameters) -> str:
    """Send UDP and get an answer."""
    return _datagram((given["machine"], given["udp_port"]), b"anybody?")


@attempt
def ask_a_name_server(given: Parameters) -> str:
    """Ask a name server directly, whose questions can carry secrets out."""
    question = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\x06secret\x06attack\x04test\x00" + struct.pack(">2H", 1, 1)
    return _datagram((given["machine"], given["udp_port"]), question)


@attempt
def raw_socket(given: Parameters) -> str:
    """Send a ping by a raw socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.settimeout(_SECONDS)
        raw.sendto(_ping(), (given["machine"], 0))
        return f"{len(raw.recv(1024))} bytes came back"


def _ping() -> bytes:
    head = struct.pack(">BBHHH", 8, 0, 0, 77, 1)
    total = sum(struct.unpack(">4H", head))
    return struct.pack(">BBHHH", 8, 0, ~((total >> 16) + total) & 0xFFFF, 77, 1)


@attempt
def packet_socket(given: Parameters) -> str:
    """See and send whole packets of every connection of the machine."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as packets:
        return f"descriptor {packets.fileno()}"


@attempt
def make_an_interface(given: Parameters) -> str:
    """Make a network interface of one's own (a tunnel, gone when we are)."""
    tunnel = os.open("/dev/net/tun", os.O_RDWR)
    request = struct.pack("16sH22x", b"attack%d", 0x0001)
    libc = ctypes.CDLL(None, use_errno=True)
    call(libc.ioctl(tunnel, ctypes.c_ulong(0x400454CA), ctypes.create_string_buffer(request)))
    return "an interface"


@attempt
def abstract_socket(given: Parameters) -> str:
    """Connect to a unix socket without a path, of which file permissions know nothing."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect("\0" + given["abstract"])
        connection.sendall(b"hello\r\n\r\n")
        return _expect(connection.recv(4096))


@attempt
def unix_socket_of_the_machine(given: Parameters) -> str:
    """Connect to a unix socket in the machine's temporary folder."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(given["socket"])
        connection.sendall(b"hello\r\n\r\n")
        return _expect(connection.recv(4096))


@attempt
def container_engine(given: Parameters) -> str:
    """Ask the container engine for a container, which could be root on the machine."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect("/var/run/docker.sock")
        connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        return connection.recv(64).decode(errors="replace")


@attempt
def open_a_port_below_1024(given: Parameters) -> str:
    """Listen on a port of the system's, such as that of a name server."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((given["machine"], 919))
        return "listening"


if __name__ == "__main__":
    sys.exit(main())
