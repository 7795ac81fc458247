"""An IPython kernel in which a cell is a prompt, unless it says otherwise.

There is no second way to run a turn: a prompt is handed to IPython as a call of the `%%agent` magic, so that history,
interrupts, errors, outputs and Run All are what they are there. Requests that are not kept in the history
(`store_history` false) come from programs, such as variable inspectors and the agent's own tools: they are Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from IPython.core.error import UsageError
from traitlets import List

from jupyter_agent_host.kernel.completion import Completion, command_help, complete_prompt, variable_at
from jupyter_agent_host.kernel.prompt_cells import Cell, Names, is_open, read_cell
from jupyter_agent_host.notebook.commands.line_commands import USAGE
from jupyter_agent_host.notebook.magics import AgentMagics
from jupyter_agent_host.version import __version__

_TYPES = "_jupyter_types_experimental"
_BANNER = (
    f"jupyter-agent-host {__version__}: what you type goes to this notebook's agent; %%python runs Python, /help "
    "lists commands.\n"
)


class AgentKernel(IPythonKernel):
    """See the module. One IPython, one agent: the notebook's."""

    implementation = "jupyter-agent-host"
    implementation_version = __version__
    banner = _BANNER
    # Prompts are prose: front ends choose editor, highlighting and file extension by this.
    language_info = {  # noqa: RUF012 - ipykernel's own shape
        "name": "markdown",
        "version": __version__,
        "mimetype": "text/markdown",
        "codemirror_mode": "markdown",
        "pygments_lexer": "markdown",
        "file_extension": ".md",
    }
    help_links: Any = List([]).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        # Through `Any`, since ipykernel's methods carry no types.
        self._ipython: Any = super()
        shell: Any = self.shell
        self._magics = AgentMagics(shell, origin="kernel")
        shell.register_magics(self._magics)
        shell.register_magic_function(_python_magic, "cell", "python")
        self._names = Names(lambda name: shell.find_line_magic(name) is not None, frozenset(USAGE))
        self._entered: ContextVar[bool] = ContextVar("entered", default=False)
        shell.input_transformers_cleanup.insert(0, self._transform)
        # What runs inside of a cell, such as the agent's own code during its turn, nobody typed.
        shell.events.register("pre_execute", lambda: self._entered.set(False))

    @property
    def kernel_info(self) -> dict[str, Any]:
        """As ipykernel's, without the debugger: lines of a prompt are no lines of Python."""
        info: dict[str, Any] = super().kernel_info
        features = [feature for feature in info.get("supported_features", ()) if feature != "debugger"]
        return {**info, "supported_features": features}

    async def do_execute(
        self, code: str, silent: bool, store_history: bool = True, *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        """Run one cell. What nobody typed is Python."""
        with self._typed(typed=store_history and not silent):
            reply: dict[str, Any] = await self._ipython.do_execute(code, silent, store_history, *args, **kwargs)
            return reply

    async def do_complete(self, code: str, cursor_pos: int | None) -> dict[str, Any]:
        """Complete a prompt, or as IPython does."""
        at = len(code) if cursor_pos is None else cursor_pos
        cell = self._read(code)
        if cell.kind == "python" and at >= cell.offset:
            return _moved(self._ipython.do_complete(cell.source, at - cell.offset), cell.offset)
        completion = complete_prompt(code[:at], self._magics.fillable(), Path.cwd())
        if cell.kind == "prompt" or completion.matches:
            return _reply(completion, at)
        reply: dict[str, Any] = self._ipython.do_complete(code, at)
        return reply

    async def do_inspect(
        self, code: str, cursor_pos: int | None, detail_level: int = 0, omit_sections: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Explain a command or a `{variable}` of a prompt; in Python, as IPython does."""
        at = len(code) if cursor_pos is None else cursor_pos
        cell = self._read(code)
        about = command_help(code)
        if about:
            return {"status": "ok", "found": True, "data": {"text/plain": about}, "metadata": {}}
        name = variable_at(code, at) if cell.kind == "prompt" else ""
        if cell.kind == "prompt" and not name:
            return {"status": "ok", "found": False, "data": {}, "metadata": {}}
        source, place = (name, len(name)) if name else (cell.source, at - cell.offset)
        reply: dict[str, Any] = self._ipython.do_inspect(source, max(0, place), detail_level, omit_sections)
        return reply

    async def do_is_complete(self, code: str) -> dict[str, Any]:
        """A prompt is complete at once, unless a code fence is open or a backslash ends it."""
        cell = self._read(code)
        if cell.kind == "prompt":
            return {"status": "incomplete", "indent": ""} if is_open(code) else {"status": "complete"}
        if not cell.source:
            return {"status": "incomplete", "indent": ""} if cell.kind == "python" else {"status": "complete"}
        with self._typed(typed=False):
            reply: dict[str, Any] = self._ipython.do_is_complete(cell.source)
            return reply

    async def do_shutdown(self, restart: bool) -> dict[str, Any]:
        """Let go of the agent; one that is hosted in this process ends with it."""
        self._magics.close()
        reply: dict[str, Any] = self._ipython.do_shutdown(restart)
        return reply

    @contextmanager
    def _typed(self, *, typed: bool) -> Iterator[None]:
        token = self._entered.set(typed)
        try:
            yield
        finally:
            self._entered.reset(token)

    def _transform(self, lines: list[str]) -> list[str]:
        """IPython's first input transformer: the Python of a cell that a person entered."""
        text = "".join(lines)
        if not self._entered.get() and not text.lstrip().startswith("%%python"):
            return lines
        return self._read(text.removesuffix("\n")).source.splitlines(keepends=True)

    def _read(self, text: str) -> Cell:
        return read_cell(text, self._names)


def _python_magic(line: str, _cell: str) -> None:
    raise UsageError(
        f"%%python stands alone on its line, without {line.strip()!r}: the lines below it run in this kernel. "
        "`%%script python` runs them in a process of their own."
    )


def _reply(completion: Completion, cursor: int) -> dict[str, Any]:
    types = [
        {"start": completion.start, "end": cursor, "text": text, "type": completion.kind, "signature": ""}
        for text in completion.matches
    ]
    return {
        "status": "ok",
        "matches": list(completion.matches),
        "cursor_start": completion.start,
        "cursor_end": cursor,
        "metadata": {_TYPES: types},
    }


def _moved(reply: dict[str, Any], offset: int) -> dict[str, Any]:
    """IPython's completions of the body, as completions of the cell."""
    types = [
        {**item, "start": item["start"] + offset, "end": item["end"] + offset}
        for item in reply.get("metadata", {}).get(_TYPES, [])
    ]
    return {
        **reply,
        "cursor_start": reply["cursor_start"] + offset,
        "cursor_end": reply["cursor_end"] + offset,
        "metadata": {**reply.get("metadata", {}), _TYPES: types},
    }
