"""A JupyterLab of a test's own, and a page of it with a notebook and its agent's panel."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from lab_script import SCRIPT
from nbformat.v4 import new_code_cell, new_notebook
from on_disk import notebook_on_disk
from playwright.sync_api import Locator, Page, expect

from jupyter_agent_host.cli.shared.running_servers import JupyterServer

AXE = Path(__file__).parents[2] / "labextension/node_modules/axe-core/axe.min.js"
PICTURES_GO_TO = os.environ.get("AGENT_HOST_DOCS_IMAGES")
"""A folder for what the documentation shows; its pictures show a container, all other runs use what is quickest."""

DOCS_IMAGES = ("report", "approval", "question", "cell-done")
PROVIDER = "docker" if PICTURES_GO_TO else "process"
ISOLATION = "Docker, no network" if PICTURES_GO_TO else "not isolated"


@dataclass(frozen=True)
class Lab:
    """One real server, a client with its token, its root folder, and where screenshots go."""

    server: JupyterServer
    http: httpx.Client
    root: Path
    shots: Path

    def notebook(self, name: str, *sources: str, metadata: dict[str, Any] | None = None) -> Path:
        """Make a notebook with these code cells."""
        path = self.root / name
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
        cells = [new_code_cell(source) for source in sources]
        nbformat.write(new_notebook(cells=cells, metadata={**kernel, **(metadata or {})}), path)
        return path

    def call(self, path: str, verb: str, **request: Any) -> dict[str, Any]:
        """One verb over REST."""
        found = self.http.post("agent-host/open", json={"path": path}).json()["notebookId"]
        answer = self.http.post(f"agent-host/notebooks/{found}/{verb}", json=request)
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        return done

    def metadata(self, path: str) -> dict[str, Any]:
        """The metadata on disk."""
        found: dict[str, Any] = notebook_on_disk(self.root / path)["metadata"]
        return found


@dataclass(frozen=True)
class Window:
    """One page with a notebook and its agent's panel open."""

    page: Page
    lab: Lab
    foreign_requests: list[str]
    front_end: str = "lab/tree"
    """Where notebooks are opened: `lab/tree`, or `notebooks` for Notebook 7."""

    @property
    def panel(self) -> Locator:
        return self.page.locator("#jp-agent-host-panel")

    @property
    def state(self) -> Locator:
        """The sandbox's state, in the panel's header."""
        return self.panel.locator(".jp-AgentHost-header .jp-AgentHost-state")

    @property
    def prompt_box(self) -> Locator:
        return self.panel.get_by_label("Prompt to the agent")

    @property
    def turns(self) -> Locator:
        return self.panel.locator("article.jp-AgentHost-turn")

    @property
    def offers(self) -> Locator:
        """What is offered while a person writes."""
        return self.panel.locator(".jp-AgentHost-offers li")

    def ask(self, prompt: str) -> None:
        self.prompt_box.fill(prompt)
        # React hands the text to the key's handler with its next drawing, which also enables the button.
        expect(self.panel.locator(".jp-AgentHost-composer button.jp-mod-accept")).to_be_enabled()
        self.prompt_box.press("Enter")

    def open(self, path: str, *, reset: bool = True) -> None:
        """Load the page with this notebook, its panel shown and its kernel idle."""
        query = "reset&" if reset else ""
        self.page.goto(f"{self.lab.server.url}{self.front_end}/{path}?{query}token={self.lab.server.token}")
        self.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.context?.isReady === true")
        self.show()

    def show(self) -> None:
        self.page.evaluate("() => window.jupyterapp.commands.execute('agent-host:open-panel')")
        expect(self.panel.locator(".jp-AgentHost-header")).to_be_visible(timeout=60_000)

    def kernel_ready(self) -> None:
        self.page.wait_for_function(
            "() => { const s = window.jupyterapp.shell.currentWidget.sessionContext;"
            " return s.isReady && s.session?.kernel?.connectionStatus === 'connected'"
            " && s.session.kernel.status === 'idle' }"
        )

    def shot(self, name: str) -> None:
        """Keep how it looks; those that the documentation shows go there too, if that is asked for."""
        self.page.screenshot(path=self.lab.shots / f"{name}.png")
        if PICTURES_GO_TO and name in DOCS_IMAGES:
            shutil.copyfile(self.lab.shots / f"{name}.png", Path(PICTURES_GO_TO) / f"panel-{name}.png")

    def serious(self, *selectors: str) -> list[str]:
        """What axe-core finds in these parts of the page, the panel by default, that shuts people out."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.add_script_tag(content=AXE.read_text())
        found = self.page.evaluate(
            "include => axe.run({include}, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})",
            [[selector] for selector in selectors or ("#jp-agent-host-panel",)],
        )
        return [
            f"{each['id']}: {each['help']} {[node['html'][:120] for node in each['nodes']][:3]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]

    def theme(self, name: str) -> None:
        """JupyterLab Light or JupyterLab Dark."""
        self.page.evaluate("name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name)
        light = "true" if "Light" in name else "false"
        expect(self.page.locator(f"body[data-jp-theme-light='{light}']")).to_be_attached()
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)


OpenWindow = Callable[..., Window]


@contextmanager
def lab_folders(folder: Path) -> Iterator[dict[str, Any]]:
    """Folders of its own for a JupyterLab, and the configuration of its agents."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder / name.lower()))
        patch.setenv("JUPYTERLAB_SETTINGS_DIR", str(folder / "settings"))
        patch.setenv("JUPYTERLAB_WORKSPACES_DIR", str(folder / "workspaces"))
        for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
            patch.delenv(name, raising=False)
        news = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        news.parent.mkdir(parents=True)
        news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
        script = folder / "script.json"
        script.write_text(json.dumps(SCRIPT))
        for name in ("root", "shots"):
            (folder / name).mkdir()
        print(f"\nscreenshots: {folder / 'shots'}")  # noqa: T201 - whoever runs this looks at them
        yield {
            "LabApp": {"expose_app_in_browser": True},
            "JupyterNotebookApp": {"expose_app_in_browser": True},
            "AgentHost": {
                "provider": PROVIDER,
                "allow_unsandboxed": True,
                "scripted_model": str(script),
                "data_dir": str(folder / "data"),
                "allowed_hosts": ["data.example.org"],
                "mcp_servers": {
                    "dates": {"command": "dates-server", "about": "calendars"},
                    "tickets": {"url": "https://mcp.example.org/mcp", "bearer": "a-s3cret"},
                },
            },
        }
