"""What host and sandbox last agreed on, file by file; kept in the state folder, so that a restarted host goes on."""

from __future__ import annotations

import os
import time
from pathlib import Path
from secrets import token_hex

import msgspec

from jupyter_agent_host.errors import WorkspaceError

_NAME = "state.json"
_SETTLED_NS = 20_000_000
"""Kernels stamp files by a clock that ticks every 1 to 10 ms: a file changed just now may change again unnoticed."""


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """Tells one content of a file from the next without reading it; the change time cannot be set by a program."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)

    @classmethod
    def of_person(cls, found: os.stat_result) -> Stamp:
        """The same for a file of the person's, whose mode and links may change without making it another file."""
        return cls(found.st_size, found.st_mtime_ns, 0, found.st_ino)


UNKNOWN = Stamp(-1, -1, -1, -1)
"""Matches no file."""


def is_fresh(found: os.stat_result) -> bool:
    """Whether a file was changed so shortly ago that one more change could leave its stamp as it is."""
    return time.time_ns() - found.st_ctime_ns < _SETTLED_NS


class Entry(msgspec.Struct, array_like=True):
    """One file: the person's side, the sandbox's side (None: not there), and whether only the agent ever wrote it.

    `fresh`: the sandbox's stamp proves nothing yet; the content must be compared once more.
    """

    person: Stamp | None
    inside: Stamp | None
    by_agent: bool = False
    fresh: bool = False

    def untouched(self, found: os.stat_result) -> bool:
        """Whether the sandbox's file is still what both sides agreed on."""
        return self.inside == Stamp.of(found) and not self.fresh


class Ledger(msgspec.Struct):
    """Entries by relative path.

    Attributes:
        flavour: what made this state; `folder`: of which folder of the person's, see `identity`; "" if not known.
        masked: secrets, as told; `hidden`: all that an overlay's upper folder hides.
        links: the person's own symbolic links that were made inside, with their targets.
    """

    flavour: str = ""
    folder: str = ""
    entries: dict[str, Entry] = {}
    masked: list[str] = []
    hidden: list[str] = []
    links: dict[str, str] = {}


def identity(folder: Path) -> str:
    """Tells one folder from another, and stays when it is renamed."""
    found = folder.stat()
    return f"{found.st_dev}:{found.st_ino}"


_decoder = msgspec.json.Decoder(Ledger)


def load_ledger(state_dir: Path) -> Ledger:
    """The stored ledger, or an empty one where there is none.

    Raises:
        WorkspaceError: it is damaged.
    """
    try:
        return _decoder.decode((state_dir / _NAME).read_bytes())
    except FileNotFoundError:
        return Ledger()
    except (msgspec.DecodeError, msgspec.ValidationError) as err:
        raise WorkspaceError(
            f"The workspace's notes in {state_dir} are damaged ({err}). Remove that folder to start with a fresh copy."
        ) from err


def start_anew(state_dir: Path, layer_dir: Path | None = None) -> Ledger:
    """An empty ledger for another flavour. What the one before left is moved aside, since nobody knows it any more."""
    for folder, names in ((state_dir, (_NAME,)), (layer_dir or state_dir, ("copy", "upper", "work"))):
        left = [place for name in names if (place := folder / name).exists()]
        if left:
            aside = folder / f"earlier-{token_hex(4)}"
            aside.mkdir(mode=0o700)
            for place in left:
                place.rename(aside / place.name)
    return Ledger()


def save_ledger(state_dir: Path, ledger: Ledger) -> None:
    """Replace the stored ledger, atomically."""
    fresh = state_dir / f"{_NAME}.new"
    fresh.write_bytes(msgspec.json.encode(ledger))
    fresh.replace(state_dir / _NAME)
