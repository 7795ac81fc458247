"""`%%agent` and `%agent`."""

from __future__ import annotations

import inspect
import shlex
from typing import Literal

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class

from jupyter_agent_host.client.agent_client import AgentClient
from jupyter_agent_host.errors import (
    AgentHostError,
    DivergedSessionError,
    EnvelopeCorruptError,
    EnvelopeUntrustedError,
)
from jupyter_agent_host.notebook.agent_connection import Connect, connection_of
from jupyter_agent_host.notebook.agent_result import result_of
from jupyter_agent_host.notebook.cell_options import CellOptions, options_help, parse_options
from jupyter_agent_host.notebook.commands import line_commands
from jupyter_agent_host.notebook.magic_errors import AgentCellError, AgentInterrupted, one_sentence
from jupyter_agent_host.notebook.prompt_variables import Filled, fill, offered_functions
from jupyter_agent_host.notebook.turns.kernel_work import Errands
from jupyter_agent_host.notebook.turns.turn_display import TurnOutput
from jupyter_agent_host.notebook.turns.turn_follower import Outcome, TurnFollower
from jupyter_agent_host.protocol.host_api import History, HistoryRequest, PromptRequest

_WAYS_OUT = "`%agent trust` goes on with it; `%agent trust fresh` begins a new session and keeps the old one aside."
_UNDECIDED = (EnvelopeUntrustedError, DivergedSessionError, EnvelopeCorruptError)


@magics_class
class AgentMagics(Magics):
    """The notebook's agent, from its cells."""

    def __init__(
        self, shell: InteractiveShell, connector: Connect | None = None, *, origin: Literal["cell", "kernel"] = "cell"
    ) -> None:
        super().__init__(shell)
        self._origin = origin
        self._connection = connection_of(shell, connector)
        self._place = self._connection.shell
        self._previous_turn_id = ""
        self._widgets: dict[str, object] = {}

    @line_cell_magic
    def agent(self, line: str, cell: str | None = None) -> None:
        """Ask this notebook's agent, or manage it: `%agent help` lists the commands.

        The lines below `%%agent` are the prompt. The agent works in a sandbox of its own; its answer streams into
        this cell, and the session goes on from cell to cell and is saved with the notebook. `{name}` is filled in
        from your variables.
        """
        with one_sentence():
            if cell is None:
                self._command(line)
            else:
                self._turn(parse_options(line), cell)

    agent.__doc__ = f"{inspect.cleandoc(agent.__doc__ or '')}\n\n{options_help()}"

    def close(self) -> None:
        """Release the client. Idempotent."""
        self._connection.close()

    def _command(self, line: str) -> None:
        words, path = _split(line)
        command, *rest = words or ["status"]
        if command == "help":
            self._show(line_commands.help_text())
            return
        if command == "widget" and not rest:
            self._show_widget(path)
            return
        verb, request = line_commands.request_for(command, rest, path)
        client = self.reach()
        answer = client.call(verb, request)
        self._show(line_commands.describe_answer(answer, rest, where=client.where if command == "doctor" else ""))
        if command == "doctor":
            self._show(
                line_commands.sentence("`jupyter agent-host doctor` in a terminal looks at engine, image and key.")
            )

    def _turn(self, options: CellOptions, cell: str) -> None:
        if not cell.strip():
            raise UsageError("Write the prompt into the lines below %%agent.")
        filled = Filled(cell) if options.raw else fill(cell, self.fillable())
        asker = self._place.asker()
        request = PromptRequest(
            prompt=filled.text.strip("\n"),
            path=options.notebook,
            origin=self._origin,
            cell_id=self._place.cell_id,
            model=options.model,
            permission_mode=options.permission_mode,
            max_turns=options.max_turns,
            max_budget_usd=options.max_budget_usd,
            fork=options.fork,
            new=options.new,
            once=options.once,
            previous_turn_id=self._previous_turn_id,
            headless=asker is None,
            functions=() if options.raw else offered_functions(cell, self.fillable(), self._place.look),
        )
        offered = tuple((f"&{one.name}", f"{one.name}{one.signature}") for one in request.functions)
        output = self._place.output(filled=(*filled.values, *offered))
        client = self.reach()
        errands = Errands(client, options.notebook, self._place.run_borrowed, self._place.look)
        outcome = TurnFollower(client, request, output, asker=asker, errands=errands).run()
        self._end(outcome, output, options)

    def _end(self, outcome: Outcome, output: TurnOutput, options: CellOptions) -> None:
        if outcome.accepted is not None:
            self._previous_turn_id = outcome.accepted.turn_id
        if options.output:
            self._place.names[options.output] = result_of(outcome.view, outcome.events)
        if isinstance(outcome.failure, _UNDECIDED):
            self._show_undecided(outcome.failure, options.notebook)
            return
        left = outcome.view.ended is None
        if outcome.accepted is not None:
            output.finish(outcome.view, outcome.info, _note(outcome, left=left))
        if outcome.failure is not None:
            raise AgentCellError(str(outcome.failure)) from outcome.failure
        status = outcome.view.ended.status if outcome.view.ended else ""
        if outcome.interrupts and left:
            raise AgentInterrupted("Left the cell at once: the server finishes the stop, and the session lives on.")
        if status == "interrupted":
            raise AgentInterrupted("Interrupted: the agent stopped, and the session lives on.")
        if status == "error":
            raise AgentCellError("The agent's turn failed; the reason is above.")

    def _show_undecided(self, error: AgentHostError, path: str) -> None:
        """What came with the notebook, to read, and the sentence about what to do. Not a failure of the cell."""
        history = self.reach().call("history", HistoryRequest(path=path))
        if isinstance(history, History) and history.turns:
            self._show(line_commands.history_text(history))
        way_out = "" if "%agent trust" in str(error) else f" {_WAYS_OUT}"
        self._show(line_commands.sentence(f"{error}{way_out}"))

    def _show_widget(self, path: str) -> None:
        from jupyter_agent_host.notebook.widget import AgentWidget  # noqa: PLC0415 - brings ipywidgets along

        if path not in self._widgets:
            self._widgets[path] = AgentWidget(path)
        self._place.display(self._widgets[path])

    def fillable(self) -> dict[str, object]:
        """What `{name}` may stand for: the person's own names."""
        names = self._place.names
        return {name: names[name] for name in names if self._place.is_own_name(name)}

    def reach(self) -> AgentClient:
        """The client, connected at the first use.

        Raises:
            AgentHostError: the agent's host cannot be reached from here.
        """
        return self._connection.client()

    def _show(self, text: line_commands.Text) -> None:
        self._place.show(text.plain, text.markdown)


def _note(outcome: Outcome, *, left: bool) -> str:
    if outcome.answered:
        return "Answered before; shown again and not asked again (--once)."
    if left and outcome.interrupts:
        return "Interrupted; left before the agent had stopped. The server finishes the stop."
    return "The turn was left before its end; `%agent history` shows how it ends." if left else ""


def _split(line: str) -> tuple[list[str], str]:
    """The words of a line, and the notebook that `--notebook PATH` names."""
    try:
        words = shlex.split(line)
    except ValueError as err:
        raise UsageError(f"%agent: {err}.") from err
    if "--notebook" not in words:
        return words, ""
    at = words.index("--notebook")
    if at + 1 >= len(words):
        raise UsageError("--notebook needs the path of a notebook.")
    return words[:at] + words[at + 2 :], words[at + 1]
