"""What a private layer is: its folder, its limits, and who sees to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Rung = Literal["volume", "watch"]
"""`volume`: a file system of its own, so that writing more fails. `watch`: the host looks, and stops the sandbox."""

_BYTES_FOR_EACH_FILE = 16 * 1024
_FEWEST_FILES = 1024
_GIB, _MIB = 1024**3, 1024**2


@dataclass(frozen=True)
class LayerLimits:
    """The most that one notebook's private layer may hold."""

    max_bytes: int
    max_files: int

    def words(self) -> str:
        """Such as "5.0 GiB and 327680 files"."""
        size = f"{self.max_bytes / _GIB:.1f} GiB" if self.max_bytes >= _GIB else f"{self.max_bytes / _MIB:.0f} MiB"
        return f"{size} and {self.max_files} files"


def limits_for(disk_bytes: int) -> LayerLimits:
    """As many files as ext4 itself would make room for."""
    return LayerLimits(disk_bytes, max(_FEWEST_FILES, disk_bytes // _BYTES_FOR_EACH_FILE))


@dataclass(frozen=True)
class Layer:
    """One notebook's private layer, in use.

    Attributes:
        state: the host's own notes on the layer; never in the layer itself, which may be full.
        folder: where the layer's trees are made.
    """

    state: Path
    folder: Path
    rung: Rung
    limits: LayerLimits

    def note(self) -> str:
        """What holds here, for people."""
        if self.rung == "volume":
            return f"/workspace holds at most {self.limits.words()}: it is a file system of its own"
        return (
            f"/workspace is watched: the sandbox is stopped when its private files pass {self.limits.words()};"
            " nothing keeps it from writing more in between"
        )
