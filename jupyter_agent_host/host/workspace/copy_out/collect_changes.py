"""One collect's round over all that differs: publish each, keep the ledger, sum up what stays inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from jupyter_agent_host.host.workspace.copy_out.copy_out import DELETED, Known, Publisher
from jupyter_agent_host.host.workspace.copy_out.scan_sandbox import Inside
from jupyter_agent_host.host.workspace.files.file_names import shown
from jupyter_agent_host.host.workspace.files.open_without_links import Check
from jupyter_agent_host.host.workspace.sync_state import Ledger, Stamp
from jupyter_agent_host.host.workspace.workspace_interface import Collected, Refused, Waiting
from jupyter_agent_host.protocol.events import FileChange

MAX_WAITING = 500
"""More files than these are let through by patterns, not one by one."""


@dataclass
class Round:
    """What a flavour found. `refused` is what it refuses itself; `known` says what it knows of a path."""

    writes: list[str]
    missing: list[str]
    inside: Inside
    known: Callable[[str], Known]
    refused: list[Refused] = field(default_factory=list)


@dataclass
class Carried:
    files: list[FileChange] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    dirty: bool = False


def carry(found: Round, publisher: Publisher, ledger: Ledger, check: Check) -> Carried:
    """Publish all that may be published. `kept` are the writes that were refused; the ledger has the rest."""
    done = Carried(refused=[*found.refused, *_skipped(found.inside)])
    try:
        for path in sorted(found.writes):
            check()
            _write(path, found, publisher, ledger, done)
        if found.inside.complete:
            for path in sorted(found.missing):
                check()
                _delete(path, found, publisher, ledger, done)
    finally:
        publisher.remove_empty(_emptied(done.deleted, found.inside.folders))
    return done


def _write(path: str, found: Round, publisher: Publisher, ledger: Ledger, done: Carried) -> None:
    result = publisher.write(path, found.known(path))
    if isinstance(result, Refused):
        done.refused.append(result)
        done.kept.append(path)
        done.waiting.append(Waiting(path, result.reason, Stamp.of(found.inside.files[path])))
        return
    ledger.entries[path] = result.entry
    done.dirty = True
    if result.change is not None:
        done.files.append(result.change)


def _delete(path: str, found: Round, publisher: Publisher, ledger: Ledger, done: Carried) -> None:
    result = publisher.delete(path, found.known(path))
    if isinstance(result, Refused):
        done.waiting.append(Waiting(path, result.reason, None))
        if result.reason == DELETED:
            result = Refused(shown(topmost_missing(path, found.inside.folders)), DELETED)
        done.refused.append(result)
        return
    ledger.entries.pop(path, None)
    done.dirty = True
    done.deleted.append(path)
    if result is not None:
        done.files.append(result)


def topmost_missing(path: str, folders: set[str]) -> str:
    """The highest folder above a path that the sandbox does not have any more (ending in `/`), or the path."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        above = "/".join(parts[:depth])
        if above not in folders:
            return f"{above}/"
    return path


def _emptied(deleted: Iterable[str], folders: set[str]) -> list[str]:
    above = {
        "/".join(parts[:depth]) for parts in (path.split("/") for path in deleted) for depth in range(1, len(parts))
    }
    return sorted(above - folders)


def _skipped(inside: Inside) -> list[Refused]:
    return [Refused(shown(path), reason) for path, reason in sorted(inside.skipped.items())]


class Told:
    """Remembers which refusals were told, so that each is told once while it stands."""

    def __init__(self) -> None:
        self._told: frozenset[Refused] = frozenset()

    def sum_up(self, done: Carried) -> Collected:
        standing = tuple(dict.fromkeys(done.refused))
        fresh = tuple(refused for refused in standing if refused not in self._told)
        self._told = frozenset(standing)
        waiting = tuple(done.waiting[:MAX_WAITING])
        return Collected(tuple(done.files), fresh, standing, waiting=waiting)
