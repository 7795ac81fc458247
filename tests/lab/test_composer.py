"""What a person sends along, by button and by drag, and that it is what the model gets; the composer in little room."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterator

import pytest
from lab_window import Lab, OpenWindow, Window, lab_folders
from playwright.sync_api import Locator, expect

from jupyter_agent_host.cli.shared.own_server import own_server
from jupyter_agent_host.scripted_model import ScriptedModel, running_scripted_model

LONG = 60_000
SCRIPT = {
    "name": "composer",
    "rules": [{"when": {"prompt": "count"}, "delta_delay_seconds": 0.05, "say": "{words:200}"}],
    "otherwise": {"say": "Seen."},
}

pytestmark = pytest.mark.timeout(240)  # some 20 s each on an idle machine


def _png(side: int = 8) -> bytes:
    rows = b"".join(b"\0" + b"\x19\x76\xd2" * side for _ in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    whole = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + whole


PNG = base64.b64encode(_png()).decode()


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    with running_scripted_model(SCRIPT) as running:
        yield running


@pytest.fixture(scope="module")
def lab(model: ScriptedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server whose model keeps what it is sent."""
    folder = tmp_path_factory.mktemp("lab")
    with lab_folders(folder) as config, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", model.url)
        patch.setenv("ANTHROPIC_API_KEY", "sk-scripted")
        agent = {**config["AgentHost"], "scripted_model": "", "allow_key_unsandboxed": True}
        whole = {**config, "AgentHost": agent, "YDocExtension": {"disable_rtc": True}}
        with own_server(folder / "root", config=whole) as server, server.client() as http:
            yield Lab(server, http, folder / "root", folder / "shots")


def sent(model: ScriptedModel, prompt: str) -> tuple[str, list[str]]:
    """All text and all images of the message with this prompt, as the model got it."""
    bodies = [request.body for request in model.messages if prompt in json.dumps(request.body["messages"])]
    content = next(
        message["content"]
        for message in reversed(bodies[-1]["messages"])
        if message["role"] == "user" and prompt in json.dumps(message["content"])
    )
    texts = [block["text"] for block in content if block["type"] == "text"]
    images = [block["source"]["data"] for block in content if block["type"] == "image"]
    return "\n".join(texts), images


def chips(window: Window) -> Locator:
    return window.panel.locator(".jp-AgentHost-composer .jp-AgentHost-chip")


def ask(window: Window, prompt: str) -> None:
    window.ask(prompt)
    expect(window.turns.last).to_contain_text(prompt, timeout=LONG)
    expect(window.turns.last).to_have_attribute("data-status", "completed", timeout=LONG)


def drag(window: Window, what: Locator) -> None:
    """With the mouse from there onto the text of the prompt."""
    mouse = window.page.mouse
    what.hover()
    mouse.down()
    box = window.prompt_box.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x - 30, y - 10, steps=8)
    mouse.move(x, y, steps=4)
    expect(window.panel.locator(".jp-AgentHost-composer")).to_have_attribute("data-over", "true")
    window.shot("dragged-over")
    mouse.up()
    expect(window.panel.locator(".jp-AgentHost-composer")).to_have_attribute("data-over", "false")


def drop_files(window: Window, files: list[tuple[str, str, bytes]]) -> None:
    """What the browser gives for files of the person's own computer."""
    given = [[name, kind, base64.b64encode(data).decode()] for name, kind, data in files]
    window.page.evaluate(
        """files => {
          const data = new DataTransfer();
          for (const [name, type, content] of files) {
            const bytes = Uint8Array.from(atob(content), sign => sign.charCodeAt(0));
            data.items.add(new File([bytes], name, { type }));
          }
          const node = document.querySelector('#jp-agent-host-panel .jp-AgentHost-composer textarea');
          for (const kind of ['dragover', 'drop']) {
            node.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
          }
        }""",
        given,
    )


def test_cells_and_outputs_reach_the_model(lab: Lab, window: OpenWindow, model: ScriptedModel) -> None:
    show = f"import base64\nfrom IPython.display import Image\nprint('seen')\nImage(base64.b64decode('{PNG}'))"
    lab.notebook("cells.ipynb", "price = 42", "second = price + 1", show)
    page = window("cells.ipynb")
    page.kernel_ready()
    page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    expect(page.page.locator(".jp-OutputArea-output img")).to_be_visible(timeout=LONG)
    cells = page.page.locator(".jp-Notebook .jp-Cell .jp-InputPrompt")
    cells.nth(2).click()
    page.panel.get_by_role("button", name="+ Output").click()
    expect(chips(page)).to_have_count(2)
    cells.nth(0).click()
    cells.nth(1).click(modifiers=["Shift"])
    page.panel.get_by_role("button", name="+ Cells").click()
    expect(chips(page)).to_have_count(4)
    page.shot("attached")
    ask(page, "look at all of it")
    text, images = sent(model, "look at all of it")
    assert "price = 42" in text
    assert "second = price + 1" in text
    assert "seen" in text
    assert "base64.b64decode" not in text, "only the output of the third cell was attached"
    assert images == [PNG]
    expect(chips(page)).to_have_count(0)

    cells.nth(2).click()
    drag(page, cells.nth(1))
    expect(chips(page)).to_have_count(1)
    assert page.page.locator(".jp-Notebook .jp-Cell").count() == 3
    ask(page, "and this one")
    text, images = sent(model, "and this one")
    assert "second = price + 1" in text
    assert "price = 42" not in text
    assert images == []


def test_files_reach_the_model(lab: Lab, window: OpenWindow, model: ScriptedModel) -> None:
    (lab.root / "notes.txt").write_text("remember the milk")
    (lab.root / "picked.txt").write_text("picked by hand")
    (lab.root / "blue.png").write_bytes(_png())
    (lab.root / "packed.bin").write_bytes(b"\0\1\2" * 10)
    lab.notebook("files.ipynb", "1 + 1")
    page = window("files.ipynb")
    browser = page.page.locator("#filebrowser .jp-DirListing-item")
    drag(page, browser.filter(has_text="notes.txt"))
    expect(chips(page)).to_contain_text(["notes.txt"])
    drag(page, browser.filter(has_text="blue.png"))
    expect(chips(page)).to_have_count(2)

    page.panel.get_by_role("button", name="+ File").click()
    dialog = page.page.locator(".jp-Dialog")
    dialog.locator(".jp-DirListing-item").filter(has_text="picked.txt").click()
    page.shot("file-dialog")
    dialog.get_by_role("button", name="Select").click()
    expect(chips(page)).to_have_count(3)

    drop_files(page, [("own.csv", "text/csv", b"a,b\n1,2\n"), ("own.png", "image/png", _png(4))])
    expect(chips(page)).to_have_count(5)
    page.shot("files-attached")
    ask(page, "look at these files")
    text, images = sent(model, "look at these files")
    for words in ("remember the milk", "picked by hand", "a,b\n1,2"):
        assert words in text
    assert sorted(images) == sorted([PNG, base64.b64encode(_png(4)).decode()])

    notice = page.panel.locator(".jp-AgentHost-composer [role='alert']")
    drop_files(page, [("packed.bin", "application/octet-stream", b"\0\1\2")])
    expect(notice).to_contain_text("packed.bin is neither text nor")
    drop_files(page, [("huge.txt", "text/plain", b"x" * 300_000)])
    expect(notice).to_contain_text("huge.txt is 300.0 KB")
    drag(page, browser.filter(has_text="packed.bin"))
    expect(notice).to_contain_text("packed.bin is neither text nor")
    expect(chips(page)).to_have_count(0)
    page.shot("not-attached")


def test_nothing_is_cut_off_in_the_narrowest_panel(lab: Lab, window: OpenWindow) -> None:
    lab.notebook("narrow.ipynb", "1 + 1")
    page = window("narrow.ipynb")
    handle = page.page.locator("#jp-main-split-panel > .lm-SplitPanel-handle:not(.lm-mod-hidden)").last
    handle.hover()
    page.page.mouse.down()
    page.page.mouse.move(1340, 400, steps=10)
    page.page.mouse.up()
    width = page.panel.evaluate("node => node.offsetWidth")
    assert 300 <= width <= 340
    page.ask("count please")
    expect(page.panel.get_by_role("button", name="Interrupt")).to_be_visible(timeout=LONG)
    expect(page.turns.first).to_contain_text("word3", timeout=LONG)
    for theme in ("Light", "Dark"):
        page.theme(f"JupyterLab {theme}")
        cut = page.panel.evaluate(
            """panel => [...panel.querySelectorAll('.jp-AgentHost-composer *, .jp-AgentHost-header *')]
              .filter(node => node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0)
              .filter(node => !node.matches('select, input, textarea, .jp-AgentHost-title, .jp-AgentHost-notebookName'))
              .map(node => node.outerHTML.slice(0, 120))"""
        )
        assert cut == []
        expect(page.panel.locator(".jp-AgentHost-hint")).to_be_visible()
        page.shot(f"narrow-{theme.lower()}")
    page.prompt_box.press("Escape")
    expect(page.turns.first).to_have_attribute("data-status", "interrupted", timeout=LONG)
    page.shot("narrow-idle")
