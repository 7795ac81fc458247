"""Turns in the agent kernel, as front ends and headless runs drive it: the host lives in the kernel's own process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from kernel_places import make_places
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from jupyter_agent_host.rendering.mime_bundle import TURN_TYPE

Message = dict[str, Any]


@dataclass(frozen=True)
class Kernel:
    manager: KernelManager
    client: BlockingKernelClient
    work: Path

    def run(
        self, code: str, *, reply: str = "", on_output: Callable[[Message], None] | None = None, **more: Any
    ) -> tuple[Message, list[Message]]:
        """Run a cell; what it answered, and its outputs in order. `reply` answers questions."""
        outputs: list[Message] = []

        def output(message: Message) -> None:
            if message["msg_type"] not in ("status", "execute_input"):
                outputs.append(message)
                if on_output is not None:
                    on_output(message)

        done = self.client.execute_interactive(
            code,
            timeout=90,
            output_hook=output,
            stdin_hook=lambda _: self.client.input(reply),
            allow_stdin=bool(reply),
            **more,
        )
        return done["content"], outputs


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return make_places(tmp_path_factory.mktemp("places"))


@pytest.fixture(scope="module")
def kernel(environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    work = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        manager, client = start_new_kernel(kernel_name="agent-claude", cwd=str(work))
    yield Kernel(manager, client, work)
    client.stop_channels()
    manager.shutdown_kernel()


def text_of(output: Message) -> str:
    return str(output["content"].get("data", {}).get("text/plain", ""))


def test_prompts_python_and_commands_share_one_session(kernel: Kernel) -> None:
    reply, outputs = kernel.run("hello there")
    assert reply["status"] == "ok"
    assert {output["msg_type"] for output in outputs} == {"display_data", "update_display_data"}
    assert set(outputs[-1]["content"]["data"]) == {"text/plain", "text/markdown", TURN_TYPE}
    assert "Hello, **you**." in outputs[-1]["content"]["data"]["text/markdown"]

    assert kernel.run("%%python\ntotal = 6 * 7\ndef shout(): return total")[0]["status"] == "ok"
    _, outputs = kernel.run("The total is {total}.")
    assert "Filled in: total = 42" in text_of(outputs[-1])
    assert "I was told 42." in text_of(outputs[-1])

    for command in ("/history", "%agent history"):
        _, (output,) = kernel.run(command)
        assert "The total is 42." in text_of(output)
    _, (output,) = kernel.run("/status")
    assert "2 turns" in text_of(output)

    _, outputs = kernel.run("%%agent -o again\nhello again")
    _, (output,) = kernel.run("%%python\n(again.text, again.events[0].event.origin)")
    assert text_of(output) == "('Hello, **you**.', 'kernel')"


def test_what_programs_run_is_python(kernel: Kernel) -> None:
    reply, (output,) = kernel.run("print(6 * 7)", store_history=False)
    assert (reply["status"], output["content"]["text"]) == ("ok", "42\n")
    reply, outputs = kernel.run("silent_one = 1", silent=True, user_expressions={"is": "silent_one"})
    assert (outputs, reply["user_expressions"]["is"]["data"]["text/plain"]) == ([], "1")


def test_what_runs_inside_of_a_prompt_is_python(kernel: Kernel) -> None:
    kernel.run(
        "%%python\n"
        "class Nested:\n"
        "    def __str__(self):\n"
        "        get_ipython().run_cell('nested = 6 * 7', store_history=False)\n"
        "        return str(nested)\n"
        "value = Nested()"
    )
    _, outputs = kernel.run("The total is {value}.")
    assert "I was told 42." in text_of(outputs[-1])
    assert kernel.run("hello")[0]["status"] == "ok"


def test_errors_are_sentences_and_stop_what_follows(kernel: Kernel) -> None:
    for cell, name, sentence in (
        ("/nothing", "AgentCellError", "%agent knows no command 'nothing'."),
        ("%%nothing\nx", "UsageError", "%%nothing` not found"),
        ("%%python -x\n1", "UsageError", "%%python stands alone"),
        ("%%agent --max-turns none\nGo", "UsageError", "not a whole number"),
    ):
        reply, outputs = kernel.run(cell)
        said = str(outputs[-1]["content"])
        assert (reply["status"], reply["ename"]) == ("error", name), reply
        assert sentence in said
        assert "Traceback" not in said
    reply, outputs = kernel.run("%%python\nx = 1\n1 / 0")
    assert (reply["status"], reply["ename"]) == ("error", "ZeroDivisionError")
    assert "line 3" in "".join(outputs[-1]["content"]["traceback"])


def test_an_interrupt_stops_the_agent(kernel: Kernel) -> None:
    sent: list[float] = []

    def interrupt(output: Message) -> None:
        if not sent and "word3" in text_of(output):
            sent.append(time.monotonic())
            kernel.manager.interrupt_kernel()

    reply, outputs = kernel.run("count slowly", on_output=interrupt)
    assert sent
    assert time.monotonic() - sent[0] < 10  # about a second; the machine of the tests is loaded
    assert (reply["status"], reply["ename"]) == ("error", "AgentInterrupted")
    assert outputs[-1]["content"]["traceback"] == ["Interrupted: the agent stopped, and the session lives on."]
    assert kernel.run("hello")[0]["status"] == "ok"


def test_questions_go_to_stdin_and_nobody_is_waited_for(kernel: Kernel) -> None:
    kernel.run("/mode default")
    _, outputs = kernel.run("make a file", reply="y")
    # Who can type but names no cell is a console: the turn grows there as text, since consoles show no updates.
    assert {output["msg_type"] for output in outputs} == {"stream"}
    grown = "".join(output["content"]["text"] for output in outputs)
    assert "▸ Write: " in grown
    assert "? Allowed by person: " in grown
    assert "Waits for your answer" not in grown
    assert (kernel.work / "made.txt").read_text() == "made\n"
    _, outputs = kernel.run("make a file once more")
    assert "Denied by headless" in text_of(outputs[-1])
    kernel.run("/mode free")


def test_completion_and_inspection(kernel: Kernel) -> None:
    (kernel.work / "sales.csv").write_text("")
    kernel.run("%%python\nsome_rows = [1]")

    def complete(code: str) -> Message:
        content: Message = kernel.client.complete(code, reply=True, timeout=30)["content"]
        return content

    assert complete("Read @sal")["matches"] == ["sales.csv"]
    assert complete("Use {some_")["matches"] == ["some_rows}"]
    assert "%%agent" in complete("%%age")["matches"]
    found = complete("%%python\nsome_rows.appen")
    assert found["matches"] == ["append"]
    assert (found["cursor_start"], found["cursor_end"]) == (19, 24)
    assert found["metadata"]["_jupyter_types_experimental"][0]["start"] == 19

    def inspect(code: str, at: int) -> Message:
        content: Message = kernel.client.inspect(code, at, reply=True, timeout=30)["content"]
        return content

    assert "list" in inspect("Use {some_rows} now", 8)["data"]["text/plain"]
    assert not inspect("Use some_rows now", 8)["found"]
    assert "list" in inspect("%%python\nsome_rows", 12)["data"]["text/plain"]


def run_notebook(folder: Path, environ: dict[str, str], *cells: str) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "agent-claude", "display_name": "Agent (Claude)", "language": "markdown"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        client = NotebookClient(notebook, timeout=90, resources={"metadata": {"path": str(folder)}})
        try:
            client.execute()
        finally:
            nbformat.write(notebook, folder / "ran.ipynb")
    return notebook


def test_nbclient_runs_prompts_and_stops_at_a_failure(tmp_path: Path, environ: dict[str, str]) -> None:
    notebook = run_notebook(tmp_path, environ, "make a file", "%%python\nprint(open('made.txt').read())")
    assert "Then:" in notebook.cells[0].outputs[0].data["text/markdown"]
    assert "+ made.txt" in notebook.cells[0].outputs[0].data["text/plain"]
    assert notebook.cells[1].outputs[0].text == "made\n\n"
    assert notebook.metadata.language_info.name == "markdown"
    with pytest.raises(CellExecutionError, match="agent knows no command"):
        run_notebook(tmp_path, environ, "/nothing", "hello")
