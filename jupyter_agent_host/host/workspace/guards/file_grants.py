"""What a person let through: patterns for good, and single contents for once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_agent_host.host.workspace.files.file_names import granted
from jupyter_agent_host.host.workspace.sync_state import Stamp


@dataclass(frozen=True)
class Grants:
    """For one collect.

    Attributes:
        patterns: paths and globs, let through whatever they hold, also over the person's own changes.
        once: by path, the one content that was looked at and accepted (its stamp inside; None: its deletion).
        over_mine: what was accepted once is let through over the person's own changes, too.
    """

    patterns: Sequence[str] = ()
    once: Mapping[str, Stamp | None] = field(default_factory=dict)
    over_mine: bool = False

    def lets(self, path: str, stamp: Stamp | None) -> bool:
        """Whether this content of the path need not wait."""
        return granted(path, self.patterns) or self._once(path, stamp)

    def overrules(self, path: str, stamp: Stamp | None) -> bool:
        """Whether it may even replace what the person changed."""
        return granted(path, self.patterns) or (self.over_mine and self._once(path, stamp))

    def _once(self, path: str, stamp: Stamp | None) -> bool:
        return path in self.once and self.once[path] == stamp
