"""The agent kernel in JupyterLab: prompts as cells, Python beside them, approvals in place, the panel's session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

import jupyter_agent_host.kernel

LONG = 60_000
pytestmark = pytest.mark.timeout(240)  # some 15 s each on an idle machine
METADATA = {"kernelspec": {"name": "agent-claude", "display_name": "Agent (Claude)", "language": "markdown"}}


@pytest.fixture(scope="module", autouse=True)
def _kernelspec(lab: Any) -> Iterator[None]:
    """As the wheel installs it, in the data folder of this server."""
    kernels = lab.root.parent / "jupyter_data_dir" / "kernels"
    kernels.mkdir(parents=True, exist_ok=True)
    link = kernels / "agent-claude"
    link.symlink_to(Path(jupyter_agent_host.kernel.__file__).parent / "spec", target_is_directory=True)
    yield
    link.unlink()


def test_a_notebook_of_prompts(lab: Any, window: Callable[..., Any]) -> None:
    lab.notebook("prompts.ipynb", "%%python\nwhat = 'report'", "Write the {what}.", "/status", metadata=METADATA)
    page = window("prompts.ipynb")
    page.kernel_ready()
    run_all = "() => void window.jupyterapp.commands.execute('notebook:run-all-cells')"
    page.page.evaluate(run_all)
    cells = page.page.locator(".jp-CodeCell")
    turn = cells.nth(1).locator(".jp-AgentHost-turn")
    expect(turn).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(turn).to_contain_text("What I found")
    expect(cells.nth(2).locator(".jp-OutputArea-output")).to_contain_text("Agent of this notebook", timeout=LONG)
    expect(page.turns.first).to_contain_text("Write the report.")
    expect(cells.nth(1).locator(".cm-content")).to_have_attribute("data-language", "markdown")
    page.shot("kernel-light")
    page.theme("JupyterLab Dark")
    page.shot("kernel-dark")


def test_completion_approval_and_interrupt(lab: Any, window: Callable[..., Any]) -> None:
    (lab.root / "sales.csv").write_text("month,revenue\n")
    lab.notebook("typed.ipynb", "/mode default", "run it", "count please", metadata=METADATA)
    page = window("typed.ipynb")
    page.kernel_ready()
    cells = page.page.locator(".jp-CodeCell")
    page.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    expect(cells.nth(1).locator(".jp-AgentHost-approval")).to_be_visible(timeout=LONG)
    cells.nth(1).get_by_role("button", name="Allow once").click()
    expect(cells.nth(1).locator(".jp-AgentHost-turn")).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(cells.nth(2).locator(".jp-AgentHost-turn")).to_contain_text("word3", timeout=LONG)
    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")
    expect(cells.nth(2)).to_contain_text("Interrupted: the agent stopped", timeout=LONG)

    editor = cells.nth(0).locator(".cm-content")
    editor.click()
    page.page.keyboard.press("ControlOrMeta+a")
    page.page.keyboard.type("Read @sal")
    page.page.keyboard.press("Tab")
    expect(page.page.locator(".jp-Completer-item")).to_contain_text("sales.csv", timeout=LONG)
    page.page.keyboard.press("Enter")
    expect(editor).to_have_text("Read @sales.csv", timeout=LONG)
