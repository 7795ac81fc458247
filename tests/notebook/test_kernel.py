"""The magics in a real kernel, driven over Jupyter's messages as a notebook drives it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from jupyter_agent_host.rendering.mime_bundle import TURN_TYPE

SETUP = """
%load_ext jupyter_agent_host
from scripted_client import *
from jupyter_agent_host.notebook.magics import AgentMagics
def play(*steps, **more):
    global client
    client = ScriptedClient(list(steps), **more)
    get_ipython().register_magics(AgentMagics(get_ipython(), lambda place: client))
"""
HERE = str(Path(__file__).parent)


class Kernel:
    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    def run(
        self,
        code: str,
        *,
        metadata: dict[str, Any] | None = None,
        reply: str | None = None,
        on_output: Callable[[dict[str, Any]], None] | None = None,
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Run a cell; answer any question with `reply`. Its reply, and its output messages in order."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": reply is not None,
            "stop_on_error": True,
        }
        message = self.client.session.msg("execute_request", content, metadata=metadata or {})
        self.client.shell_channel.send(message)
        outputs: list[dict[str, Any]] = []
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.client.stdin_channel.msg_ready():
                self.client.get_stdin_msg()
                self.client.input(reply)
            if not self.client.iopub_channel.msg_ready():
                time.sleep(0.01)
                continue
            output = self.client.get_iopub_msg(timeout=1)
            if output["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if output["msg_type"] == "status" and output["content"]["execution_state"] == "idle":
                return self._reply(message["header"]["msg_id"]), outputs
            if output["msg_type"] not in ("status", "execute_input"):
                outputs.append(output)
                if on_output is not None:
                    on_output(output)
        raise TimeoutError(code)

    def _reply(self, request_id: str) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = self.client.get_shell_msg(timeout=10)
            if message["parent_header"].get("msg_id") == request_id:
                content: dict[str, Any] = message["content"]
                return content

    def value(self, expression: str) -> str:
        _, outputs = self.run(f"print({expression})")
        return str(outputs[0]["content"]["text"]).strip()


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel(env={**os.environ, "PYTHONPATH": HERE})
    running = Kernel(manager, client)
    reply, outputs = running.run(SETUP)
    assert reply["status"] == "ok", outputs
    yield running
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_one_display_grows_in_place_and_ends_whole(kernel: Kernel) -> None:
    kernel.run('play(*words("I look. "), 0.5, *words("It is **March**.", "m2"), 0.5, ENDED)')
    reply, outputs = kernel.run("%%agent -o r\nWhich month?", metadata={"cellId": "cell-7"})
    assert reply["status"] == "ok"
    kinds = [output["msg_type"] for output in outputs]
    assert kinds[0] == "display_data"
    assert set(kinds[1:]) == {"update_display_data"}
    assert len({output["content"]["transient"]["display_id"] for output in outputs}) == 1
    running = outputs[1]["content"]["data"]
    assert set(running) == {"text/plain", TURN_TYPE}
    assert "●" in running["text/plain"]
    last = outputs[-1]["content"]["data"]
    assert set(last) == {"text/plain", "text/markdown", TURN_TYPE}
    assert "It is **March**." in last["text/markdown"]
    assert kernel.value("r.text") == "I look. \n\nIt is **March**."
    assert kernel.value("client.asked('prompt')[0].cell_id") == "cell-7"
    assert kernel.value("client.asked('prompt')[0].headless") == "True"


def test_interrupting_the_kernel_stops_the_agent_and_the_cell_says_so(kernel: Kernel) -> None:
    kernel.run('play(*words("Working on it."), 60.0, ENDED)')
    started: list[float] = []

    def interrupt(_output: dict[str, Any]) -> None:
        if not started:
            started.append(time.monotonic())
            kernel.manager.interrupt_kernel()

    reply, outputs = kernel.run("%%agent\nGo", on_output=interrupt)
    assert time.monotonic() - started[0] < 5
    assert reply["status"] == "error"
    (error,) = [output["content"] for output in outputs if output["msg_type"] == "error"]
    assert error["traceback"] == ["Interrupted: the agent stopped, and the session lives on."]
    final = [output for output in outputs if output["msg_type"] == "update_display_data"][-1]["content"]["data"]
    assert "Working on it." in final["text/plain"]
    assert "Interrupted" in final["text/markdown"]
    assert kernel.value("1 + 1") == "2"


def test_a_second_interrupt_gives_the_cell_back_at_once(kernel: Kernel) -> None:
    kernel.run('play(*words("Deaf."), 20.0, ENDED, stubborn=True)')
    times: list[float] = []

    def interrupt(output: dict[str, Any]) -> None:
        text = output["content"].get("data", {}).get("text/plain", "")
        if not times or (len(times) == 1 and "interrupt again" in text):
            times.append(time.monotonic())
            kernel.manager.interrupt_kernel()

    reply, outputs = kernel.run("%%agent -o r\nGo", on_output=interrupt)
    assert time.monotonic() - times[1] < 5
    assert reply["status"] == "error"
    assert "The server finishes the stop" in outputs[-2]["content"]["data"]["text/plain"]
    assert kernel.value("r.status") == "detached"


def test_a_question_is_asked_in_the_cell(kernel: Kernel) -> None:
    kernel.run(
        'play(PermissionAsked(request_id="p", tool_name="Bash", input={"command": "ls"}), *words("Thanks."), ENDED)'
    )
    reply, outputs = kernel.run("%%agent\nGo", metadata={"cellId": "cell-7"}, reply="y")
    assert reply["status"] == "ok"
    assert "Allowed by person: Bash" in outputs[-1]["content"]["data"]["text/plain"]
    assert kernel.value("client.asked('prompt')[0].headless") == "False"
    assert kernel.value("client.asked('answer')[0].decision") == "allow"


def test_line_commands_show_text_and_markdown(kernel: Kernel) -> None:
    kernel.run("play()")
    _, (output,) = kernel.run("%agent status")
    assert "idle: Docker, no network" in output["content"]["data"]["text/plain"]
    assert "| sandbox | idle: Docker" in output["content"]["data"]["text/markdown"]


def notebook(*cells: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (SETUP, *cells)])


def run_headless(notebook: nbformat.NotebookNode) -> None:
    NotebookClient(notebook, timeout=60).execute(env={**os.environ, "PYTHONPATH": HERE})


def test_nbclient_keeps_one_output_for_each_turn_and_never_hangs() -> None:
    ran = notebook(
        'play(*words("One."), 0.5, PermissionAsked(request_id="p", tool_name="Bash"), *words("Two.", "m2"), ENDED)',
        "%%agent\nGo",
    )
    run_headless(ran)
    (output,) = ran.cells[-1].outputs
    assert output.output_type == "display_data"
    assert "Denied by headless: Bash" in output.data["text/plain"]
    assert "Two." in output.data["text/markdown"]


def test_a_failed_turn_stops_a_headless_run_with_its_sentence() -> None:
    ran = notebook('play(TurnEnded(status="error", error="The key was refused: check it."))', "%%agent\nGo", "x = 1")
    with pytest.raises(CellExecutionError):
        run_headless(ran)
    shown = ran.cells[2].outputs
    assert "The key was refused: check it." in shown[0].data["text/plain"]
    assert shown[1].traceback == ["The agent's turn failed; the reason is above."]
    assert not ran.cells[3].outputs
