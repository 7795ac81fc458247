"""What every program of the attack suite is made of. It runs inside sandboxes and outside: standard library only.

    python PROGRAM.py PARAMETERS

PARAMETERS is a JSON object. Each attempt is a function that takes it and returns what it got hold of, in a few words;
an OSError (`RefusedError` for all that has no error number) is a refusal. Each runs in a child process, since
the answer to some is a signal. One JSON object a line comes out: name, got, said.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

Parameters = Mapping[str, Any]
Attempt = Callable[[Parameters], str]

SECONDS = 8.0
GRACE_SECONDS = 5.0
ATTEMPTS: dict[str, Attempt] = {}

_libc = ctypes.CDLL(None, use_errno=True)


class RefusedError(OSError):
    """The attempt failed without an error number."""


def attempt(function: Attempt) -> Attempt:
    """Register one; its name and docstring are what the report shows."""
    ATTEMPTS[function.__name__] = function
    return function


def call(result: int, *, ok: int = 0) -> int:
    """The result of a C function. Raises OSError with its errno when it is below `ok`."""
    if result < ok:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(numbers: tuple[int, int], *arguments: Any) -> int:
    """A system call by its numbers on x86_64 and aarch64."""
    number = numbers[0] if os.uname().machine == "x86_64" else numbers[1]
    return call(_libc.syscall(ctypes.c_long(number), *(_word(argument) for argument in arguments)))


def _word(argument: Any) -> Any:
    return ctypes.c_long(argument) if isinstance(argument, int) else argument


def run(parameters: Parameters) -> None:
    """All attempts of the program, one after another."""
    chosen = parameters.get("only") or list(ATTEMPTS)
    for name in chosen:
        got, said = _apart(ATTEMPTS[name], parameters)
        sys.stdout.write(json.dumps({"name": name, "got": got, "said": said[:160]}) + "\n")
        sys.stdout.flush()


def _apart(function: Attempt, parameters: Parameters) -> tuple[bool, str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _child(function, parameters, writing)
    os.close(writing)
    answer = _read(reading, time.monotonic() + float(parameters.get("seconds", SECONDS)))
    os.close(reading)
    if answer is None:
        _end(child)
        return False, "nothing came of it in time"
    _, status = os.waitpid(child, 0)
    if not answer:
        return False, f"ended with {os.waitstatus_to_exitcode(status)}"
    got, said = json.loads(answer)
    return bool(got), str(said)


def _read(descriptor: int, deadline: float) -> bytes | None:
    data = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return None
        chunk = os.read(descriptor, 65536)
        if not chunk:
            return data
        data += chunk


def _end(child: int) -> None:
    """Let it tidy up first: what it filled or started would be there during the next attempt, too."""
    os.kill(child, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline:
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _out_of_time(number: int, frame: object) -> NoReturn:
    raise RefusedError("out of time")


def _child(function: Attempt, parameters: Parameters, writing: int) -> NoReturn:
    signal.signal(signal.SIGTERM, _out_of_time)
    try:
        answer = [True, function(parameters)]
    except OSError as err:
        answer = [False, str(err)]
    except BaseException as err:  # noqa: BLE001 - a program of an attacker ends by itself, whatever went wrong
        answer = [False, f"BROKEN {type(err).__name__}: {err}"]
    with suppress(BrokenPipeError):  # it was too late
        os.write(writing, json.dumps(answer).encode())
    os._exit(0)


def main() -> None:
    """What each program ends with."""
    run(json.loads(sys.argv[1]))
