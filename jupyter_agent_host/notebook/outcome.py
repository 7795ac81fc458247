"""How a magic ends when it did not simply work: one sentence, never a traceback of ours."""

from __future__ import annotations


class AgentCellError(Exception):
    """Fails the cell, so that Run All and `jupyter execute` stop, and shows its sentence alone."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        return [str(self)]


class AgentInterrupted(AgentCellError):  # noqa: N818 - an interruption is no error, but must stop the cells that follow
    """The person interrupted the cell."""
