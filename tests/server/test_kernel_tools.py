"""The agent at the person's kernel: a real server, kernel, SDK and CLI; only the model's words are scripted."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kernel_rig import Rig, connected, rig, run_cell
from on_disk import notebook_on_disk
from server_lab import LabMaker, enter_room

import jupyter_agent_host.kernel
from jupyter_agent_host.host.notebook.cells import revision_of

PLOT = "import matplotlib.pyplot as plt; x = [1, 3, 2]; _ = plt.plot(x)"


@pytest.fixture(scope="module")
def there(make_lab: LabMaker) -> Iterator[Rig]:
    with rig(make_lab) as made:
        yield made


def test_code_runs_in_a_kernel_that_is_started_and_the_model_sees_text_errors_and_plots(there: Rig) -> None:
    there.lab.notebook("a.ipynb", "1")
    there.ask_always("a.ipynb")
    assert "no running kernel" in there.turn("a.ipynb", "STATUS").text
    ran = there.turn(
        "a.ipynb", "RUN import pandas as pd\ndf = pd.DataFrame({'month': ['May'], 'n': [3]})\nprint('made')"
    )
    assert "ended well" in ran.text
    assert "made" in ran.text
    (asked,) = ran.asked
    assert asked["toolName"] == "mcp__notebook__run_code"
    assert asked["input"]["code"].startswith("import pandas")
    assert "df: pandas.DataFrame, 1 x 2" in there.turn("a.ipynb", "LOOK").text
    assert "month: " in there.turn("a.ipynb", "DESCRIBE df").text
    failed = there.turn("a.ipynb", "RUN 1/0").text
    assert "ZeroDivisionError: division by zero" in failed
    assert "\x1b" not in failed
    assert there.images_sent() == []
    there.turn("a.ipynb", f"RUN {PLOT}")
    image = there.images_sent()[-1]
    assert image["source"]["media_type"] == "image/png"
    assert image["source"]["data"].startswith("iVBORw0KGgo")


def test_what_is_denied_is_not_run(there: Rig) -> None:
    there.lab.notebook("denied.ipynb", "1")
    there.ask_always("denied.ipynb")
    there.turn("denied.ipynb", "RUN kept = 1")
    there.turn("denied.ipynb", "RUN kept = 2", allow=False)
    assert "kept: int, 28 bytes, = 1" in there.turn("denied.ipynb", "LOOK").text


def test_variables_and_code_beside_while_a_cell_runs_and_what_an_interrupt_stops(there: Rig) -> None:
    there.lab.notebook("busy.ipynb", "1")
    kernel = there.lab.session("busy.ipynb")
    with connected(kernel) as page:
        asked = page.execute("import time\ntotal = 1\nwhile True: time.sleep(0.1)")
        while "total" not in there.turn("busy.ipynb", "LOOK").text:
            time.sleep(0.1)
        assert "busy" in there.turn("busy.ipynb", "STATUS").text
        assert "total + 1 = 2" in there.turn("busy.ipynb", "BESIDE print('total + 1 =', total + 1)").text
        assert "Stopped after its deadline of 1 s" in there.turn("busy.ipynb", "BESIDE while True: pass").text
        assert "Interrupted." in there.turn("busy.ipynb", "INTERRUPT").text
        while (reply := page.get_shell_msg(timeout=30))["parent_header"]["msg_id"] != asked:
            pass
        assert reply["content"]["ename"] == "KeyboardInterrupt"


def test_a_long_run_is_a_job_and_its_end_wakes_the_agent(there: Rig) -> None:
    there.lab.notebook("job.ipynb", "1")
    first = there.turn("job.ipynb", "LATER import time; time.sleep(4); print('slow', 6 * 7)")
    assert "runs, for" in first.text
    notebook_id = there.lab.open("job.ipynb")["notebookId"]
    woken = there.follow(notebook_id, first.events[-1]["number"])
    started = next(one["event"] for one in woken.events if one["event"]["kind"] == "turn_started")
    assert started["origin"] == "job"
    assert "Job j1 (run code: import time; time.sleep(4)" in started["prompt"]
    assert "ended well" in started["prompt"]
    assert woken.text == "Heard of it."


def test_a_job_can_be_awaited_in_its_own_turn_and_then_wakes_nobody(there: Rig) -> None:
    there.lab.notebook("await.ipynb", "1")
    turn = there.turn("await.ipynb", "AWAIT import time; time.sleep(1); print('slow', 6 * 7)")
    assert "slow 42" in turn.text
    assert there.lab.open("await.ipynb")["turns"] == 1


def test_a_restart_loses_variables_and_always_asks(there: Rig) -> None:
    there.lab.notebook("restart.ipynb", "1")
    there.turn("restart.ipynb", "RUN lost = 1")
    turn = there.turn("restart.ipynb", "RESTART")
    assert len(turn.asked) == 1
    assert "restarted" in turn.text
    assert there.turn("restart.ipynb", "LOOK").text.startswith("0 variables")


def test_inside_an_agent_cell_code_runs_in_its_thread_without_a_deadlock(there: Rig) -> None:
    there.lab.notebook("cell.ipynb", "1")
    kernel = there.lab.session("cell.ipynb")
    run_cell(kernel, "%load_ext jupyter_agent_host")
    code = "import threading; mine = threading.current_thread() is threading.main_thread(); print('in', mine)"
    reply, outputs = run_cell(kernel, f"%%agent -o r\nRUN {code}")
    assert reply["status"] == "ok", outputs
    assert kernel.run("print('in True' in r.text, mine)") == "True True\n"
    _, outputs = run_cell(kernel, f"%%agent\nRUN {PLOT}")
    shown = [one["content"]["data"] for one in outputs if one["msg_type"] == "display_data"]
    assert any("image/png" in data for data in shown)
    run_cell(kernel, "%%agent -o r\nLOOK")
    assert "mine: bool" in kernel.run("print(r.text)")
    run_cell(kernel, "%%agent -o r\nSTOP import time; time.sleep(60)")
    assert "idle" in kernel.run("print(r.text)") or "holds the kernel" in kernel.run("print(r.text)")
    run_cell(kernel, "%%agent -o r\nRESTART")
    assert "would kill that cell" in kernel.run("print(r.text)")


def test_inside_an_agent_cell_code_awaits_and_asks_neither_the_person_nor_an_agent(there: Rig) -> None:
    there.lab.notebook("awaits.ipynb", "1")
    kernel = there.lab.session("awaits.ipynb")
    run_cell(kernel, "%load_ext jupyter_agent_host")

    def told(prompt: str) -> str:
        reply, outputs = run_cell(kernel, f"%%agent -o r\n{prompt}")
        assert reply["status"] == "ok", outputs
        return kernel.run("print(r.text)")

    waits = "import asyncio\nasync def later(): return 6 * 7\nprint('got', await asyncio.create_task(later()))"
    assert "got 42" in told(f"RUN {waits}")
    stopped = told("STOP import asyncio; await asyncio.sleep(60)")
    assert "idle" in stopped or "holds the kernel" in stopped
    assert "StdinNotImplementedError" in told("RUN password = input('Password: ')")
    assert "asks an agent" in told("RUN %%agent\nhello")
    reply, _ = run_cell(kernel, "import asyncio\nawait asyncio.sleep(0)\nmine = input()", reply="typed")
    assert reply["status"] == "ok"
    assert kernel.run("print(mine)") == "typed\n"


def test_functions_are_offered_by_ampersand_for_one_turn(there: Rig) -> None:
    there.lab.notebook("offer.ipynb", "1")
    kernel = there.lab.session("offer.ipynb")
    source = "def sales(month: str, top: int = 3):\n    'Sales of a month.'\n    return f'{month}: {top * 100}'\nn = 3"
    run_cell(kernel, f"%load_ext jupyter_agent_host\n{source}")
    reply, outputs = run_cell(kernel, "%%agent -o r\nCALL &sales please, and &n &amp; stay text")
    assert reply["status"] == "ok", outputs
    assert "'May: 200'" in kernel.run("print(r.text)")
    sent = str(there.model.messages[-1].body["messages"])
    assert "sales(month: str, top: int = 3)" in sent
    assert "Sales of a month." in sent
    assert "- n" not in sent
    shown = "".join(one["content"].get("text", "") for one in outputs)
    assert "&sales = sales(month: str, top: int = 3)" in shown
    run_cell(kernel, "%%agent --raw -o r\nCALL &sales")
    assert "was not offered" in kernel.run("print(r.text)")


def cell_of(there: Rig, path: str) -> dict[str, Any]:
    """The file's first cell, texts joined."""
    found: dict[str, Any] = notebook_on_disk(there.lab.root / path)["cells"][0]
    return found


def test_a_cell_is_run_by_id_and_revision_and_keeps_its_outputs(there: Rig) -> None:
    there.lab.notebook("cells.ipynb", f"print('from the cell')\n{PLOT}", "%%agent\nhello")
    cell = cell_of(there, "cells.ipynb")
    stale = there.turn("cells.ipynb", f"CELLS {cell['id']} 000000000000")
    assert "changed since you read it" in stale.text
    ran = there.turn("cells.ipynb", f"CELLS {cell['id']} {revision_of('code', cell['source'])}")
    assert "from the cell" in ran.text
    after = cell_of(there, "cells.ipynb")
    assert after["execution_count"] == 1
    assert [output["output_type"] for output in after["outputs"]] == ["stream", "display_data"]
    assert after["metadata"]["agent_host"]["how"] == "ran"


def test_cells_run_into_the_room_of_a_shared_notebook(make_lab: LabMaker) -> None:
    with rig(make_lab, {"YDocExtension": {"disable_rtc": False}}) as shared:
        shared.lab.notebook("room.ipynb", "print('shared')")
        with enter_room(shared.lab, "room.ipynb") as page:
            page.recv(timeout=30)
            cell = cell_of(shared, "room.ipynb")
            ran = shared.turn("room.ipynb", f"CELLS {cell['id']} {revision_of('code', cell['source'])}")
            assert "shared" in ran.text
            until = time.monotonic() + 30
            while not cell_of(shared, "room.ipynb")["outputs"] and time.monotonic() < until:
                time.sleep(0.2)
            assert cell_of(shared, "room.ipynb")["outputs"][0]["text"] == "shared\n"


OLD = """
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
class Old(IPythonKernel):
    _supports_kernel_subshells = property(lambda self: False)
IPKernelApp.launch_instance(kernel_class=Old)
"""


def make_spec(folder: Path, name: str, code: str) -> None:
    """A kernelspec that runs this code."""
    spec = folder / "data" / "kernels" / name
    spec.mkdir(parents=True, exist_ok=True)
    (spec / "kernel.py").write_text(code)
    argv = [sys.executable, str(spec / "kernel.py"), "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": name}))


def test_without_subshells_a_busy_kernel_says_so_and_the_waiting_cell_answers_looks(
    there: Rig, jupyter_folders: Path
) -> None:
    make_spec(jupyter_folders, "old", OLD)
    there.lab.notebook("old.ipynb", "1")
    kernel = there.lab.session("old.ipynb", name="old")
    run_cell(kernel, "%load_ext jupyter_agent_host\nseen = 1")
    assert "seen: int" in there.turn("old.ipynb", "LOOK").text
    run_cell(kernel, "%%agent -o r\nLOOK")
    assert "seen: int" in kernel.run("print(r.text)")
    with connected(kernel) as page:
        page.execute("import time\nwhile True: time.sleep(0.1)")
        while "busy" not in there.turn("old.ipynb", "STATUS").text:
            time.sleep(0.1)
        assert "has no subshells" in there.turn("old.ipynb", "LOOK").text
        assert "cannot run code beside" in there.turn("old.ipynb", "BESIDE 1").text
        assert "Interrupted." in there.turn("old.ipynb", "INTERRUPT").text


def test_interrupting_the_agent_cell_stops_the_code_and_the_agent(there: Rig) -> None:
    there.lab.notebook("stop.ipynb", "1")
    kernel = there.lab.session("stop.ipynb")
    run_cell(kernel, "%load_ext jupyter_agent_host")
    with connected(kernel) as page:
        code = f"begun = True; {PLOT}; plt.show()\nimport time; time.sleep(600)\nbegun = 'ended'"
        asked = page.execute(f"%%agent\nRUN {code}")
        while "image/png" not in page.get_iopub_msg(timeout=60)["content"].get("data", {}):
            pass
        assert there.lab.http.post(f"api/kernels/{kernel.id}/interrupt").status_code == 204
        while (reply := page.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != asked:
            pass
        assert reply["content"]["status"] == "error"
    assert kernel.run("print(begun)") == "True\n"
    assert there.lab.open("stop.ipynb")["state"] == "idle"


ECHO = """
import sys
from ipykernel.kernelbase import Kernel
from ipykernel.kernelapp import IPKernelApp
class Echo(Kernel):
    implementation = banner = language = "echo"
    implementation_version = language_version = "1"
    language_info = {"name": "echo", "mimetype": "text/plain", "file_extension": ".txt"}
    async def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False, **_):
        self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": "echo " + code})
        return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}
IPKernelApp.launch_instance(kernel_class=Echo)
"""


def test_a_kernel_of_another_language_runs_code_and_says_that_it_cannot_be_looked_into(
    there: Rig, jupyter_folders: Path
) -> None:
    make_spec(jupyter_folders, "echo", ECHO)
    path = there.lab.notebook("echo.ipynb", "hello")
    notebook = json.loads(path.read_text())
    notebook["metadata"]["kernelspec"] = {"name": "echo", "display_name": "Echo"}
    path.write_text(json.dumps(notebook))
    assert "echo hello there" in there.turn("echo.ipynb", "RUN hello there").text
    assert "only Python kernels can be looked into" in there.turn("echo.ipynb", "LOOK").text
    assert "not available in this language" in there.turn("echo.ipynb", "STATUS").text


def test_the_agent_kernel_shares_its_python_with_the_agent_and_runs_no_prompts_for_it(
    make_lab: LabMaker, jupyter_folders: Path
) -> None:
    kernels = jupyter_folders / "data" / "kernels"
    kernels.mkdir(parents=True, exist_ok=True)
    spec = Path(jupyter_agent_host.kernel.__file__).parent / "spec"
    (kernels / "agent-claude").symlink_to(spec, target_is_directory=True)
    with rig(make_lab) as own:
        path = own.lab.notebook("prompts.ipynb", "Nothing.", "%%python\nprint('ran', total)")
        notebook = json.loads(path.read_text())
        notebook["metadata"]["kernelspec"] = {"name": "agent-claude", "display_name": "Agent (Claude)"}
        path.write_text(json.dumps(notebook))
        kernel = own.lab.session("prompts.ipynb", name="agent-claude")
        run_cell(kernel, "%%python\ntotal = 42")
        run_cell(kernel, "%%agent -o r\nRUN print('in', total + 1)")
        assert "in 43" in kernel.run("%%python\nprint(r.text)")
        assert "total: int" in own.turn("prompts.ipynb", "LOOK").text
        assert "in 44" in own.turn("prompts.ipynb", "RUN print('in', total + 2)").text
        prompt, python = json.loads(path.read_text())["cells"]
        refused = own.turn("prompts.ipynb", f"CELLS {prompt['id']} {revision_of('code', 'Nothing.')}")
        assert "asks an agent" in refused.text
        source = "%%python\nprint('ran', total)"
        assert "ran 42" in own.turn("prompts.ipynb", f"CELLS {python['id']} {revision_of('code', source)}").text
