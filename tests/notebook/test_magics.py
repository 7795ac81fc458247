"""`%%agent` and `%agent` as a person types them, in an IPython without a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from scripted_client import ENDED, ScriptedClient, words
from traitlets.config import Config

from jupyter_agent_host.errors import (
    DivergedSessionError,
    EnvelopeCorruptError,
    EnvelopeUntrustedError,
    JournalError,
    ServerUnreachableError,
)
from jupyter_agent_host.notebook.magics import AgentMagics
from jupyter_agent_host.protocol.events import TurnEnded
from jupyter_agent_host.protocol.host_api import (
    ForkRequest,
    GrantRequest,
    History,
    HistoryRequest,
    ModelRequest,
    ModeRequest,
    NotebookInfo,
    PromptRequest,
    Simple,
    TrustRequest,
    TurnSummary,
)


def exception_group(message: str, errors: list[Exception]) -> Exception:
    """As task groups raise them, on Python 3.10 too."""

    class Group(Exception):  # noqa: N818 - named as the built-in one
        exceptions = errors

    return Group(message)


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config)
    yield shell
    shell.history_manager.end_session()


class Cell:
    """Runs cells with a scripted agent behind the magics."""

    def __init__(self, shell: InteractiveShell, client: ScriptedClient) -> None:
        self.shell = shell
        self.client = client
        shell.register_magics(AgentMagics(shell, lambda _: client))

    def run(self, text: str) -> ExecutionResult:
        return self.shell.run_cell(text)

    def prompt(self) -> PromptRequest:
        request = self.client.asked("prompt")[-1]
        assert isinstance(request, PromptRequest)
        return request


def answering(shell: InteractiveShell, *texts: str) -> Cell:
    return Cell(shell, ScriptedClient(*([*words(text), ENDED] for text in texts)))


def test_the_extension_registers_once() -> None:
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
    shell.run_line_magic("load_ext", "jupyter_agent_host")
    first = shell.magics_manager.registry["AgentMagics"]
    shell.run_line_magic("reload_ext", "jupyter_agent_host")
    assert shell.magics_manager.registry["AgentMagics"] is first
    shell.history_manager.end_session()


def test_a_prompt_with_every_option(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    cell = answering(shell, "Yes.")
    shell.user_ns["table"] = "sales.csv"
    line = (
        "--model m1 --permission-mode plan --max-turns 3 --max-budget-usd 0.5 --fork --once --notebook a/b.ipynb -o r"
    )
    assert cell.run(f"%%agent {line}\nRead {{table}} and {{nothing}}\n").success
    assert cell.prompt() == PromptRequest(
        prompt="Read sales.csv and {nothing}",
        path="a/b.ipynb",
        model="m1",
        permission_mode="plan",
        max_turns=3,
        max_budget_usd=0.5,
        fork=True,
        once=True,
        headless=True,
    )
    out = capsys.readouterr().out
    assert "Filled in: table = sales.csv" in out
    assert "Yes." in out
    result = shell.user_ns["r"]
    assert (result.text, result.status, result.session_id, result.turn_id) == (
        "Yes.",
        "completed",
        "session-1",
        "turn-1",
    )
    assert result.usage.output_tokens == 56
    assert result.cost_usd == 0.0123
    assert str(result) == "Yes."
    assert repr(result) == "<AgentResult completed: 'Yes.', $0.0123>"


def test_raw_fills_nothing(shell: InteractiveShell) -> None:
    cell = answering(shell, "Yes.")
    shell.user_ns["table"] = "sales.csv"
    assert cell.run("%%agent --raw\nRead {table}").success
    assert cell.prompt().prompt == "Read {table}"


def test_names_of_ipythons_own_are_not_filled(shell: InteractiveShell) -> None:
    cell = answering(shell, "Yes.")
    assert cell.run("%%agent\n{In} {get_ipython} {exit}").success
    assert cell.prompt().prompt == "{In} {get_ipython} {exit}"


def test_each_prompt_names_the_turn_before(shell: InteractiveShell) -> None:
    cell = answering(shell, "One.", "Two.")
    cell.run("%%agent\none")
    cell.run("%%agent --once\ntwo")
    assert [request.previous_turn_id for request in cell.client.asked("prompt")] == ["", "turn-1"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("%%agent --unknown\nhi", "unrecognized arguments: --unknown"),
        ("%%agent --mod x\nhi", "unrecognized arguments"),
        ("%%agent --fork --new\nhi", "give one of them"),
        ("%%agent --max-turns 0\nhi", "above zero"),
        ("%%agent --max-budget-usd nan\nhi", "above zero"),
        ("%%agent --permission-mode bypass\nhi", "invalid choice"),
        ("%%agent -o 1x\nhi", "not a name"),
        ("%%agent -o 'x\nhi", "No closing quotation"),
        ("%%agent\n  \n", "Write the prompt"),
        ("%agent bla", "knows no command 'bla'"),
        ("%agent plot the sales", "begin the cell with %%agent"),
        ("%agent mode wild", "`mode free|"),
        ("%agent undo --all", "`--mine`"),
        ("%agent grant", "`grant PATH`"),
        ("%agent trust me", "`trust fresh`"),
        ("%agent stop now", "end the sandbox now"),
        ("%agent --notebook", "needs the path"),
    ],
)
def test_a_mistake_is_one_sentence(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    cell = Cell(shell, ScriptedClient())
    assert not cell.run(text).success
    captured = capsys.readouterr()
    shown = captured.out + captured.err
    assert says in shown
    assert "Traceback" not in shown
    assert cell.client.calls == []


@pytest.mark.parametrize(
    ("line", "verb", "request_"),
    [
        ("", "status", Simple()),
        ("status --notebook x/y.ipynb", "status", Simple(path="x/y.ipynb")),
        ("interrupt", "interrupt", Simple()),
        ("stop", "stop", Simple()),
        ("reset", "reset", Simple()),
        ("fork", "fork", ForkRequest()),
        ("history 2", "history", HistoryRequest()),
        ("cost", "cost", Simple()),
        ("trust", "trust", TrustRequest(choice="resume")),
        ("trust journal", "trust", TrustRequest(choice="journal")),
        ("grant 'my file.py'", "grant", GrantRequest(target="my file.py")),
        ("model claude-opus-4", "model", ModelRequest(model="claude-opus-4")),
        ("model", "model", ModelRequest(model=None)),
        ("mode plan", "mode", ModeRequest(mode="plan")),
        ("doctor", "status", Simple()),
    ],
)
def test_line_commands(shell: InteractiveShell, line: str, verb: str, request_: Any) -> None:
    cell = Cell(shell, ScriptedClient())
    assert cell.run(f"%agent {line}").success
    assert cell.client.calls == [(verb, request_)]


def test_status_and_cost_can_be_read(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    cell = Cell(shell, ScriptedClient())
    cell.run("%agent")
    cell.run("%agent cost")
    cell.run("%agent doctor")
    cell.run("%agent help")
    out = capsys.readouterr().out
    assert "  sandbox      idle: Docker, no network · container\n" in out
    assert "scripted, not a real model" in out
    assert out.count("  hosted in    a script\n") == 1
    assert "  estimate    $0.5000 of $2.00\n" in out
    assert "  trust      go on with a session" in out


HISTORY = History(
    notebook_id="nb-1",
    session_id="s",
    trust="foreign",
    turns=(
        TurnSummary(turn_id="1", session_id="s", prompt="Hi\nthere", text="Hello!", status="completed", started=1.0),
        TurnSummary(turn_id="2", session_id="s", prompt="More", text="<b>M</b>", status="interrupted", started=2.0),
    ),
)


@pytest.mark.parametrize(
    "refusal",
    [
        EnvelopeUntrustedError("This session comes from another server: `%agent trust` goes on with it."),
        EnvelopeUntrustedError("This session comes from another server."),
        DivergedSessionError("Notebook and server differ: `%agent trust journal` or `%agent trust notebook`."),
        EnvelopeCorruptError("The saved session is damaged: `%agent trust fresh` begins anew."),
    ],
)
def test_undecided_state_shows_the_history_and_what_to_do(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], refusal: Any
) -> None:
    cell = Cell(shell, ScriptedClient(refusal=refusal, history=HISTORY))
    assert cell.run("%%agent\nGo on").success
    out = capsys.readouterr().out
    assert "> Hi\n> there\nHello!\n" in out
    assert "(interrupted)" in out
    assert "%agent trust" in out


def test_a_failure_is_one_sentence_and_fails_the_cell(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = Cell(shell, ScriptedClient(refusal=ServerUnreachableError("The server is gone; start it.")))
    assert not cell.run("%%agent\nhi").success
    captured = capsys.readouterr()
    assert captured.out.strip() == "The server is gone; start it."
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("ended", "success", "says"),
    [
        (TurnEnded(status="interrupted"), False, "Interrupted: the agent stopped"),
        (TurnEnded(status="error", error="Upstream said 529; try again."), False, "Upstream said 529; try again."),
        (TurnEnded(status="max_turns"), True, "--max-turns"),
        (TurnEnded(status="budget"), True, "--max-budget-usd"),
    ],
)
def test_other_ends(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], ended: TurnEnded, success: bool, says: str
) -> None:
    cell = Cell(shell, ScriptedClient([*words("Some."), ended]))
    assert cell.run("%%agent -o r\nhi").success is success
    out = capsys.readouterr().out
    assert says in out
    assert "Some." in out
    assert "Traceback" not in out
    assert shell.user_ns["r"].status == ended.status


def test_a_scripted_and_unisolated_agent_says_so(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    info = NotebookInfo(notebook_id="n", path="p", isolation="process", isolation_level="none", scripted_model=True)
    Cell(shell, ScriptedClient([ENDED], info=info)).run("%%agent\nhi")
    out = capsys.readouterr().out
    assert "not isolated" in out
    assert "scripted model, not a real one" in out


class Failing(ScriptedClient):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def call(self, verb: str, request: Any) -> Any:
        raise self.error


@pytest.mark.parametrize("text", ["%agent status", "%%agent\nhi"])
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ZeroDivisionError("oops"), "failed unexpectedly (ZeroDivisionError: oops)"),
        (exception_group("x", [OSError(), exception_group("y", [JournalError("Disk full.")])]), "Disk full."),
    ],
)
def test_even_a_bug_of_ours_is_one_sentence(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], text: str, error: Exception, says: str
) -> None:
    assert not Cell(shell, Failing(error)).run(text).success
    captured = capsys.readouterr()
    assert says in captured.out
    assert "Traceback" not in captured.out + captured.err


def test_an_interrupted_command_is_one_sentence(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert not Cell(shell, Failing(KeyboardInterrupt())).run("%agent stop").success
    assert "Interrupted; `%agent status`" in capsys.readouterr().out


def test_closing_releases_the_client(shell: InteractiveShell) -> None:
    cell = answering(shell, "Yes.")
    cell.run("%%agent\nhi")
    shell.magics_manager.registry["AgentMagics"].close()
    assert cell.client.closed
