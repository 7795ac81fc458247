"""When a cell's turn reached what, for `%agent timing`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class CellMoments:
    """When a cell's turn reached what, in seconds since the epoch. The first time counts."""

    moments: dict[str, float] = field(default_factory=dict)

    def note(self, name: str) -> None:
        self.moments.setdefault(name, time.time())
