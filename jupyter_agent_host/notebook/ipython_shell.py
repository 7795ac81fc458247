"""What the magics need of the IPython they run in: a kernel, or a plain terminal."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from jupyter_agent_host.client.server_discovery import Kernel
from jupyter_agent_host.kernel_inspector.comm_target import Door
from jupyter_agent_host.notebook.magic_errors import AgentCellError
from jupyter_agent_host.notebook.nested_execution import run_borrowed
from jupyter_agent_host.notebook.turns.line_questions import LineAsker
from jupyter_agent_host.notebook.turns.turn_display import CellOutput, Publish, TerminalOutput, TurnOutput


class Shell:
    """One IPython shell, seen as a place to show things, to ask, and to be identified by."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._kernel = getattr(shell, "kernel", None)
        self._virtual = f"ipython-{uuid.uuid4()}.ipynb"

    @property
    def names(self) -> dict[str, Any]:
        """The person's namespace."""
        names: dict[str, Any] = self._shell.user_ns
        return names

    def is_own_name(self, name: str) -> bool:
        """Whether the person made that name, rather than IPython."""
        hidden: Mapping[str, Any] = self._shell.user_ns_hidden
        return name in self.names and not (name in hidden and hidden[name] is self.names[name])

    @property
    def cell_id(self) -> str:
        """The running cell's id in its notebook, "" where there is none."""
        return str(self._parent().get("metadata", {}).get("cellId") or "")

    def kernel(self) -> Kernel:
        """What this process can prove to be."""
        if self._kernel is None:
            return Kernel()
        from ipykernel.connect import get_connection_file  # noqa: PLC0415 - only kernels have it for sure

        try:
            connection_file = str(get_connection_file())
        except RuntimeError:  # an embedded kernel, without an application
            return Kernel()
        return Kernel(connection_file=connection_file, key=bytes(self._kernel.session.key))

    def notebook_path(self) -> Path:
        """Where the notebook lies, for an agent hosted in this process; made up where nobody tells."""
        told = self.names.get("__vsc_ipynb_file__")  # VS Code's kernels
        if isinstance(told, str) and told.endswith(".ipynb") and Path(told).is_file():
            return Path(told).absolute()
        return Path.cwd() / self._virtual

    def output(self, *, filled: tuple[tuple[str, str], ...] = ()) -> TurnOutput:
        """Where to show one turn."""
        if self._kernel is None or self._is_console():
            return TerminalOutput(_write_flushed, filled=filled)
        return CellOutput(self._publisher(), filled=filled)

    def show(self, plain: str, markdown: str) -> None:
        """Show something finished."""
        if self._kernel is None:
            _write_flushed(f"{plain}\n")
        else:
            self._publisher()({"text/plain": plain, "text/markdown": markdown}, False)

    def display(self, shown: object) -> None:
        """Show an object with renderings of its own.

        Raises:
            AgentCellError: there is no kernel, so nothing but text can be shown.
        """
        if self._kernel is None:
            raise AgentCellError("A widget needs a notebook: here, `%agent history` and `%%agent` do the same in text.")
        display(shown)  # type: ignore[no-untyped-call]

    def asker(self) -> LineAsker | None:
        """Who can be asked here; None when nobody can."""
        if self._kernel is None:
            return LineAsker(input) if sys.stdin is not None and sys.stdin.isatty() else None
        if not self._parent().get("content", {}).get("allow_stdin"):
            return None
        read_line: Callable[[str], str] = self._kernel.raw_input
        return LineAsker(read_line)

    def _is_console(self) -> bool:
        """Whether the front end is a console: there is a person, but no cell. Consoles do not show what is updated."""
        parent = self._parent()
        return bool(parent.get("content", {}).get("allow_stdin")) and not self.cell_id

    def run_borrowed(self, code: str, parent: Any) -> str:
        """See `borrow.run_borrowed`."""
        return run_borrowed(self._shell, code, parent)

    def look(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer as `kernel_inspector` does in a kernel."""
        return Door(self._shell).answer(request)

    def _parent(self) -> dict[str, Any]:
        """The message that asked for this cell to be run."""
        parent = self._kernel.get_parent() if self._kernel is not None else {}
        return parent if isinstance(parent, dict) else {}

    def _publisher(self) -> Publish:
        display_id = uuid.uuid4().hex

        def publish(bundle: dict[str, Any], update: bool) -> None:
            self._shell.display_pub.publish(data=bundle, transient={"display_id": display_id}, update=update)

        return publish


def _write_flushed(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
