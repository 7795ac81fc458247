"""Attempts to find a credential: the model's key, the server's token, the keys of kernels, the person's secrets."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterable
from pathlib import Path

from attempt import Parameters, RefusedError, attempt, main

_DEEPEST = 12


def _found(data: bytes, given: Parameters) -> bool:
    # The parameters are in our own argv, and so not the secret itself.
    return any(bytes(reversed(word.encode())) in data for word in given["backwards"])


def _search(paths: Iterable[str], given: Parameters, size: int = 4_000_000) -> str:
    for path in paths:
        try:
            with open(path, "rb") as handle:
                if _found(handle.read(size), given):
                    return path
        except OSError:
            continue
    raise RefusedError("it is nowhere there")


def _processes() -> list[str]:
    return [entry for entry in os.listdir("/proc") if entry.isdigit()]


@attempt
def own_environment(given: Parameters) -> str:
    """Look into the environment that an agent's tools get."""
    if _found(" ".join(f"{name}={value}" for name, value in os.environ.items()).encode(), given):
        return "it is in our own environment"
    raise RefusedError("it is not there")


@attempt
def environments_of_processes(given: Parameters) -> str:
    """Look into the environment of every process that can be seen."""
    return _search([f"/proc/{process}/environ" for process in _processes()], given)


@attempt
def command_lines(given: Parameters) -> str:
    """Look into the command line of every process that can be seen."""
    return _search([f"/proc/{process}/cmdline" for process in _processes()], given)


@attempt
def memory_of_processes(given: Parameters) -> str:
    """Search the writable memory of every process of Python's."""
    for process in _processes():
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes()
            if b"python" in words and b"hunting" not in words:
                _memory(process, given)
                return f"in the memory of {process}"
        except OSError:
            continue
    raise RefusedError("no memory that can be read holds it")


def _memory(process: str, given: Parameters) -> None:
    with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text(encoding="utf-8").splitlines():
            span, access = line.split()[:2]
            first, last = (int(place, 16) for place in span.split("-"))
            if access.startswith("rw") and last - first < 64_000_000:
                memory.seek(first)
                if _found(memory.read(last - first), given):
                    return
    raise RefusedError("not in this one")


@attempt
def files_of_credentials(given: Parameters) -> str:
    """Look into the places where programs keep credentials, in the home folder and those of others."""
    homes = {os.environ.get("HOME", "/"), "/root", *given["homes"]}
    names = (".aws/credentials", ".netrc", ".git-credentials", ".docker/config.json", ".kube/config", ".ssh/id_rsa")
    return _search([f"{home}/{name}" for home in homes for name in names], given)


@attempt
def secrets_of_the_workspace(given: Parameters) -> str:
    """Read the secrets that lie in the notebook's folder, in subfolders and in other letters."""
    names = (".env", "deep/er/.env.production", "SERVER.PEM", "deep/My-Service-Account.json", ".Aws/credentials")
    return _search([f"{given['folder']}/{name}" for name in names], given)


@attempt
def secrets_of_the_workspace_by_walking(given: Parameters) -> str:
    """The same, by reading every file of the folder, whatever its name."""
    walked = os.walk(given["folder"])
    return _search([f"{place}/{name}" for place, _, names in walked for name in names], given)


@attempt
def temporary_files(given: Parameters) -> str:
    """Read every file in the temporary folders."""
    places = ("/tmp", "/var/tmp", "/dev/shm", "/run", *given["temporary"])
    return _search(_files(places), given, 100_000)


def _files(places: Iterable[str]) -> Iterable[str]:
    """Regular files below these folders, not deeper than twelve."""
    waiting = [(place, 0) for place in places]
    while waiting:
        here, depth = waiting.pop()
        try:
            entries = list(os.scandir(here))
        except OSError:
            continue
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                yield entry.path
            elif entry.is_dir(follow_symlinks=False) and depth < _DEEPEST:
                waiting.append((entry.path, depth + 1))


@attempt
def token_of_the_server(given: Parameters) -> str:
    """Read Jupyter's token from its runtime folder."""
    for path in sorted(Path(given["runtime"]).glob("jpserver-*.json")):
        if json.loads(path.read_text(encoding="utf-8")).get("token"):
            return "the token"
    raise RefusedError("there is no such file")


@attempt
def keys_of_kernels(given: Parameters) -> str:
    """Read the keys that kernels sign with, to pose as one."""
    for path in sorted(Path(given["runtime"]).glob("kernel-*.json")):
        if json.loads(path.read_text(encoding="utf-8")).get("key"):
            return "a key"
    raise RefusedError("there is no such file")


@attempt
def secret_of_signatures(given: Parameters) -> str:
    """Read the secret that notebooks are signed with."""
    return f"{len(Path(given['notebook_secret']).read_bytes())} bytes"


@attempt
def core_dump(given: Parameters) -> str:
    """Crash a program and find its memory in a file."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    child = os.fork()
    if child == 0:
        os.abort()
    _, status = os.waitpid(child, 0)
    dumped = [name for name in os.listdir(".") if name == "core" or name.startswith("core.")]
    for name in dumped:
        os.unlink(name)
    if not os.WCOREDUMP(status):
        raise RefusedError("no core was dumped")
    return f"a core, {dumped}"


@attempt
def token_of_the_runner(given: Parameters) -> str:
    """Find the token that the server shows to the runner: in processes, in the journal, in files of ours."""
    told = []
    for process in _processes():
        for part in ("environ", "cmdline"):
            try:
                told.append(Path(f"/proc/{process}/{part}").read_bytes())
            except OSError:
                continue
    for path in given["journals"]:
        try:
            told.append(Path(path).read_bytes())
        except OSError:
            continue
    if b"".join(told).find(given["token_mark"][::-1].encode()) < 0:
        raise RefusedError("nobody tells it")
    return "the token"


if __name__ == "__main__":
    sys.exit(main())
