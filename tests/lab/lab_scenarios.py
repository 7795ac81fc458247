"""Scenarios of the panel, for JupyterLab and Notebook 7, with and without collaboration, light and dark.

Each scenario runs twice, the second time with everything else the other way round; over all scenarios, every pair of
collaboration, front end and theme occurs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lab_window import ISOLATION, Lab, OpenWindow, Window
from playwright.sync_api import Locator, expect

LONG = 60_000
FRONT_ENDS = {"lab": "lab/tree", "notebook": "notebooks"}


@dataclass(frozen=True)
class Stage:
    """Where one run of a scenario takes place."""

    lab: Lab
    make: OpenWindow
    name: str
    front_end: str
    theme: str

    @property
    def path(self) -> str:
        return f"{self.name}.ipynb"

    def open(self, path: str = "") -> Window:
        """Another page with the notebook, in this run's theme."""
        window: Window = self.make(path or self.path, FRONT_ENDS[self.front_end])
        if window.page.locator("body").get_attribute("data-jp-theme-light") != str(self.theme == "light").lower():
            window.theme(f"JupyterLab {self.theme.title()}")
        return window


def answered(window: Window, prompt: str) -> Locator:
    """Ask and wait for the end of the answer."""
    count = window.turns.count()
    window.ask(prompt)
    expect(window.turns).to_have_count(count + 1, timeout=LONG)
    expect(window.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    return window.turns.last


def counting(window: Window) -> Locator:
    """Begin a long answer; once some of it is there, the place where it appears."""
    window.ask("count please")
    answer = window.turns.last.locator(".jp-AgentHost-markdown")
    expect(answer).to_contain_text("word5", timeout=LONG)
    expect(window.turns.last).to_have_attribute("data-status", "running")
    return answer


def whole(answer: Locator) -> None:
    """All that was counted is there, once and in order."""
    expect(answer).to_contain_text("END", timeout=LONG)
    assert [int(number) for number in re.findall(r"word(\d+)", answer.inner_text())] == list(range(1, 81))


def asking(window: Window) -> Locator:
    """Let the agent ask for leave to write a file; the question."""
    window.lab.call(_path_of(window), "mode", mode="default")
    window.ask("run it")
    asked = window.panel.locator(".jp-AgentHost-approval")
    expect(asked).to_be_visible(timeout=LONG)
    return asked


def _path_of(window: Window) -> str:
    path: str = window.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.localPath")
    return path


def start(stage: Stage) -> None:
    """From the first prompt to the first words, and to the last."""
    page = stage.open()
    expect(page.panel.locator(".jp-AgentHost-header")).to_contain_text("no sandbox")
    answer = counting(page)
    page.shot(f"{stage.name}-streaming")
    whole(answer)
    expect(page.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.state).to_have_text("idle")
    expect(page.panel).to_contain_text(ISOLATION)
    expect(page.panel).to_contain_text("scripted model")
    page.shot(stage.name)


def allow(stage: Stage) -> None:
    """Reloaded while it is asked, seen in two pages, answered in one, gone in both."""
    page = stage.open()
    asked = asking(page)
    expect(asked).to_contain_text("made.txt")
    expect(asked).to_contain_text("+ made")
    expect(page.state).to_have_text("working")
    page.shot("approval" if stage.name.endswith("lab-light") else stage.name)
    page.open(stage.path)
    other = stage.open()
    expect(other.panel.locator(".jp-AgentHost-approval")).to_be_visible(timeout=LONG)
    asked.get_by_role("button", name="Allow once").click()
    expect(other.panel.locator(".jp-AgentHost-approval")).to_have_count(0)
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.panel).to_contain_text("Allowed")
    other.shot(f"{stage.name}-allowed")


def deny_and_grant(stage: Stage) -> None:
    """A denial's message reaches the agent; what is allowed for the notebook is not asked again."""
    page = stage.open()
    asked = asking(page)
    asked.get_by_label("Message to the agent with a denial").fill("Rather not today")
    asked.get_by_role("button", name="Deny").click()
    expect(page.turns.first).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.turns.first.locator(".jp-AgentHost-markdown").last).to_contain_text("Rather not today")
    expect(page.panel.locator(".jp-AgentHost-settled")).to_contain_text("Denied")
    page.ask("run it again")
    asked.get_by_role("button", name="Allow for this notebook").click()
    expect(page.turns.nth(1)).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(page.turns.nth(1)).to_contain_text("Allowed for this notebook")
    expect(answered(page, "run it once more").locator(".jp-AgentHost-settled")).to_contain_text("by an earlier answer")
    page.shot(stage.name)


def interrupt(stage: Stage) -> None:
    page = stage.open()
    counting(page)
    page.prompt_box.press("Escape")
    expect(page.turns.first).to_have_attribute("data-status", "interrupted", timeout=LONG)
    expect(page.turns.first).to_contain_text("The session lives on")
    page.shot(stage.name)


def reload_in_mid_turn(stage: Stage) -> None:
    page = stage.open()
    answer = counting(page)
    page.open(stage.path)
    expect(page.turns).to_have_count(1)
    page.shot(stage.name)
    whole(answer)


def two_pages(stage: Stage) -> None:
    """Each sees what the other begins, and can end it."""
    one, two = stage.open(), stage.open()
    counting(one)
    expect(two.turns.first.locator(".jp-AgentHost-markdown")).to_contain_text("word5", timeout=LONG)
    two.panel.get_by_role("button", name="Interrupt").click()
    expect(one.turns.first).to_have_attribute("data-status", "interrupted", timeout=LONG)
    two.ask("hello")
    expect(one.turns).to_have_count(2, timeout=LONG)
    expect(one.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)
    one.shot(stage.name)


def two_notebooks(stage: Stage) -> None:
    """Side by side, each with an agent of its own; in Notebook 7 these are two pages."""
    second = f"{stage.name}-right.ipynb"
    stage.lab.notebook(second, "2 + 2")
    page = stage.open()
    if stage.front_end == "lab":
        page.ask("count please")
        page.page.evaluate(
            "path => void window.jupyterapp.commands.execute('docmanager:open',"
            " {path, options: {mode: 'split-right'}})",
            second,
        )
        expect(page.panel.locator(".jp-AgentHost-title")).to_have_text(second)
        expect(page.turns).to_have_count(0)
        answered(page, "a report please")
        page.prompt_box.fill("half-written")
        page.shot(f"{stage.name}-right")
        page.page.get_by_role("tab", name=stage.path).click()
        expect(page.panel.locator(".jp-AgentHost-title")).to_have_text(stage.path)
        expect(page.prompt_box).to_have_value("")
    else:
        other = stage.open(second)
        page.ask("count please")
        answered(other, "a report please")
        expect(other.panel).not_to_contain_text("count please")
        other.shot(f"{stage.name}-right")
    expect(page.turns).to_have_count(1)
    whole(page.turns.first.locator(".jp-AgentHost-markdown"))
    expect(page.panel).not_to_contain_text("a report please")
    page.shot(stage.name)


def reopen_and_resume(stage: Stage) -> None:
    """The page closed, the sandbox gone: the next prompt still knows what was said."""
    page = stage.open()
    answered(page, "hello, my dog is Rex")
    page.page.close()
    stage.lab.call(stage.path, "stop")
    again = stage.open()
    expect(again.turns.first).to_contain_text("my dog is Rex")
    expect(again.state).to_have_text("stopped")
    expect(answered(again, "recall").locator(".jp-AgentHost-markdown")).to_contain_text("my dog is Rex")
    again.shot(stage.name)


def fork(stage: Stage) -> None:
    """By the button of the turn; the copy knows nothing of what came after it."""
    page = stage.open()
    first = answered(page, "hello one")
    turn_id = first.get_attribute("data-turn")
    answered(page, "hello two")
    page.panel.locator(f"article[data-turn='{turn_id}']").get_by_role("button", name="Fork from here").click()
    expect(page.turns).to_have_count(1, timeout=LONG)
    answer = answered(page, "recall").locator(".jp-AgentHost-markdown")
    expect(answer).to_contain_text("hello one")
    expect(answer).not_to_contain_text("hello two")
    expect(page.panel.locator(".jp-AgentHost-divider")).to_be_visible()
    page.shot(stage.name)


SCENARIOS: list[Callable[[Stage], None]] = [
    allow,
    start,
    deny_and_grant,
    interrupt,
    reload_in_mid_turn,
    two_pages,
    two_notebooks,
    reopen_and_resume,
    fork,
]


@dataclass(frozen=True)
class Row:
    """One run of one scenario."""

    scenario: Callable[[Stage], None]
    collaboration: bool
    front_end: str
    theme: str

    @property
    def name(self) -> str:
        return f"{self.scenario.__name__}-{self.front_end}-{self.theme}"

    def run(self, lab: Lab, window: OpenWindow) -> None:
        stage = Stage(lab, window, self.name, self.front_end, self.theme)
        lab.notebook(stage.path, "1 + 1")
        self.scenario(stage)


ROWS = [
    Row(scenario, not turned, ("lab", "notebook")[(number + turned) % 2], ("light", "dark")[(number // 2 + turned) % 2])
    for number, scenario in enumerate(SCENARIOS)
    for turned in (False, True)
]
