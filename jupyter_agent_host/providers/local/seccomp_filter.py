"""The system call filter of a bubblewrap sandbox: a program for the kernel's classic BPF machine.

Written out by hand, since it is short and bubblewrap wants it compiled; see the kernel's
Documentation/userspace-api/seccomp_filter.rst and linux/bpf_common.h.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from jupyter_agent_host.providers.common.denied_system_calls import (
    CLONE3,
    ENOSYS,
    EPERM,
    NAMESPACE_FLAGS,
    NEWEST,
    PERSONALITIES,
    SOCKET_FAMILIES,
    TERMINAL_INPUT,
    denied_numbers,
)

_LOAD, _AND = 0x20, 0x54
_EQUAL, _GREATER, _AT_LEAST = 0x15, 0x25, 0x35
_RETURN = 0x06

_NUMBER, _ARCHITECTURE, _ARGUMENT0, _ARGUMENT1 = 0, 4, 16, 24
"""Offsets in `struct seccomp_data`; the low half of an argument comes first on both processors known here."""

_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CONDITIONAL = {
    "x86_64": {"ioctl": 16, "socket": 41, "clone": 56, "personality": 135},
    "aarch64": {"ioctl": 29, "socket": 198, "clone": 220, "personality": 92},
}

Instruction = tuple[int, int, int, int]


def filter_program(machine: str = "") -> bytes | None:
    """The filter for this processor, as bwrap's `--seccomp` reads it; None for a processor that is not known."""
    machine = machine or os.uname().machine
    if machine not in _ARCHITECTURES:
        return None
    conditional = _CONDITIONAL[machine]
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        *_unless(_EQUAL, _ARCHITECTURES[machine], _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *(_when(_AT_LEAST, _X32, _ERROR | EPERM) if machine == "x86_64" else ()),
        *_when(_GREATER, NEWEST, _ERROR | ENOSYS),
        *_when(_EQUAL, CLONE3, _ERROR | ENOSYS),
        *(part for number in denied_numbers(machine).values() for part in _when(_EQUAL, number, _ERROR | EPERM)),
        *_case(conditional["clone"], [(_LOAD, 0, 0, _ARGUMENT0), (_AND, 0, 0, NAMESPACE_FLAGS)], allowed=(0,)),
        *_case(conditional["personality"], [(_LOAD, 0, 0, _ARGUMENT0)], allowed=PERSONALITIES),
        *_case(conditional["ioctl"], [(_LOAD, 0, 0, _ARGUMENT1)], refused=TERMINAL_INPUT),
        *_case(conditional["socket"], [(_LOAD, 0, 0, _ARGUMENT0)], below=SOCKET_FAMILIES),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _when(test: int, value: int, answer: int) -> tuple[Instruction, Instruction]:
    return ((test, 0, 1, value), (_RETURN, 0, 0, answer))


def _unless(test: int, value: int, answer: int) -> tuple[Instruction, Instruction]:
    return ((test, 1, 0, value), (_RETURN, 0, 0, answer))


def _case(
    number: int,
    load: list[Instruction],
    *,
    allowed: Iterable[int] = (),
    refused: Iterable[int] = (),
    below: int | None = None,
) -> list[Instruction]:
    """For one call: look at an argument and decide. Other calls jump over it."""
    body = list(load)
    body += [part for value in refused for part in _when(_EQUAL, value, _ERROR | EPERM)]
    if below is not None:
        body += _when(_AT_LEAST, below, _ERROR | EPERM)
    body += [part for value in allowed for part in _when(_EQUAL, value, _ALLOW)]
    body.append((_RETURN, 0, 0, (_ERROR | EPERM) if allowed else _ALLOW))
    return [(_EQUAL, 0, len(body), number), *body]
