"""Cells that the agent works on while pages show them, with and without real-time collaboration."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from hammering import first_sources, hammer
from lab_pages import LabPage, kernelspec, lab_pages
from on_disk import notebook_on_disk, saved
from own_house import AllowAll, Desk
from playwright.async_api import expect

from jupyter_agent_host.host.review.cell_edit_recorder import CellRecorder
from jupyter_agent_host.host.tools.catalogue import ALL_TOOLS
from jupyter_agent_host.host.tools.toolbox import Toolbox

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.mark.parametrize("rtc", [False, True])
async def test_an_open_page_shows_each_edit_at_once_and_keeps_what_the_person_has_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rtc: bool
) -> None:
    async with lab_pages(tmp_path, monkeypatch, rtc=rtc) as lab:
        path = lab.server.notebook("live.ipynb", "a = 1", "b = 2", "c = 3", metadata=kernelspec())
        desk = await lab.server.desk(path)
        view = await lab.open("live.ipynb")
        await view.type_into(0, " + 10  # mine")
        mine = "a = 1 + 10  # mine"
        await view.shows([mine, "b = 2", "c = 3"])

        revisions = {cell.id: cell.revision for cell in (await desk.snapshot()).cells}
        await desk.do("insert_cells", after="c1", cells=[{"source": "new = 'é𝒳'"}, {"source": "newer\n= 5"}])
        await view.shows([mine, "b = 2", "new = 'é𝒳'", "newer\n= 5", "c = 3"])
        await desk.do("edit_cell", cell_id="c1", revision=revisions["c1"], source="b = 2\nb += 1")
        await view.shows([mine, "b = 2\nb += 1", "new = 'é𝒳'", "newer\n= 5", "c = 3"])
        await desk.do("move_cells", cell_ids=["c2"], after="")
        await view.shows(["c = 3", mine, "b = 2\nb += 1", "new = 'é𝒳'", "newer\n= 5"])
        newer = (await desk.snapshot()).cells[4]
        await desk.do("delete_cells", cells=[{"cell_id": newer.id, "revision": newer.revision}])
        await view.shows(["c = 3", mine, "b = 2\nb += 1", "new = 'é𝒳'"])
        await lab.shot(view, f"live-{rtc}")

        await view.page.keyboard.type("!")
        final = ["c = 3", f"{mine}!", "b = 2\nb += 1", "new = 'é𝒳'"]
        await view.shows(final)
        await view.save()
        await saved(path, final)


@pytest.mark.parametrize("rtc", [False, True])
async def test_a_cell_that_a_person_types_in_is_refused_with_its_text_until_they_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rtc: bool
) -> None:
    async with lab_pages(tmp_path, monkeypatch, rtc=rtc) as lab:
        path = lab.server.notebook("typing.ipynb", "a = 1", "b = 2", "c = 3", metadata=kernelspec())
        desk = await lab.server.desk(path)
        view = await lab.open("typing.ipynb")
        await view.type_into(1, "0")
        await _until_typing(desk, "c1")
        text = "  # the person goes on and on, and nobody takes a letter of it away"
        refusals: list[str] = []

        async def agent() -> None:
            while True:
                await anyio.sleep(0.01)  # nothing of it waits where there is a room, and keys come through this loop
                cell = (await desk.snapshot()).cells[1]
                named = {"cell_id": "c1", "revision": cell.revision}
                refusals.append(await desk.refused("edit_cell", **named, source="b = 'taken away'"))
                refusals.append(await desk.refused("edit_cell", **named, type="markdown"))
                refusals.append(await desk.refused("delete_cells", cells=[named]))
                refusals.append(await desk.refused("move_cells", cell_ids=["c1"], after=""))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(agent)
            await view.page.keyboard.type(text, delay=25)
            tasks.cancel_scope.cancel()
        await view.shows(["a = 1", f"b = 20{text}", "c = 3"])
        assert len(refusals) > 8
        assert {refusal.partition(",")[0] for refusal in refusals} == {"The person is typing in cell c1"}
        while not (await desk.snapshot()).cells[1].source.endswith(text):  # noqa: ASYNC110 - keys are on their way
            await anyio.sleep(0.05)
        revision = (await desk.snapshot()).cells[1].revision
        last = await desk.refused("edit_cell", cell_id="c1", revision=revision, source="b = 'taken away'")
        assert last.endswith(f"is at revision {revision}:\nb = 20{text}")
        await desk.do("insert_cells", after="c0", cells=[{"source": "beside"}])
        await view.shows(["a = 1", "beside", f"b = 20{text}", "c = 3"])
        await lab.shot(view, f"typing-{rtc}")

        with anyio.fail_after(60):
            while (await desk.snapshot()).cells[2].typing:  # noqa: ASYNC110 - the end of typing tells nobody
                await anyio.sleep(0.1)
        await desk.do("edit_cell", cell_id="c1", revision=revision, source="b = 3")
        await view.shows(["a = 1", "beside", "b = 3", "c = 3"])
        await view.save()
        await saved(path, ["a = 1", "beside", "b = 3", "c = 3"])


async def _until_typing(desk: Desk, cell_id: str) -> None:
    with anyio.fail_after(20):
        while True:
            cell = (await desk.snapshot()).cell(cell_id)
            assert cell is not None
            if cell.typing:
                return
            await anyio.sleep(0.02)


@pytest.mark.parametrize("rtc", [False, True])
async def test_two_agents_hammer_two_notebooks_in_two_pages_while_a_person_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config, rtc: bool
) -> None:
    """200 edits each; by default fewer where every edit goes to the page and back."""
    steps = 200 if rtc or pytestconfig.getoption("--full") else 60
    async with lab_pages(tmp_path, monkeypatch, rtc=rtc) as lab:
        names = ("left.ipynb", "right.ipynb")
        paths = [lab.server.notebook(name, *first_sources(name), "mine:", metadata=kernelspec()) for name in names]
        desks = [await lab.server.desk(path) for path in paths]
        views = [await lab.open(name) for name in names]
        wanted: dict[int, list[str]] = {}
        typed = {0: "mine: ", 1: "mine: "}
        for view in views:
            await view.type_into(5, " ")

        async def agent(which: int) -> None:
            wanted[which] = await hammer(desks[which], names[which], steps)

        async def person(which: int) -> None:
            while which not in wanted:
                await views[which].page.keyboard.type("x", delay=20)
                typed[which] += "x"

        async with anyio.create_task_group() as tasks:
            for which in range(2):
                tasks.start_soon(agent, which)
                tasks.start_soon(person, which)
        for which, view in enumerate(views):
            final = [*wanted[which], typed[which]]
            await view.holds(final)
            await lab.shot(view, f"hammer-{rtc}-{which}")
            await view.save()
            await saved(paths[which], final)
            assert [cell.source for cell in (await desks[which].snapshot()).cells] == final
            assert names[1 - which] not in json.dumps(notebook_on_disk(paths[which]))


class _Wire:
    """The connection on which a page tells what it has open: can lose the page's answer to the next edit."""

    def __init__(self) -> None:
        self.loses = False
        self.lost = anyio.Event()
        self._edits: set[str] = set()

    async def carry(self, page_side: Any) -> None:
        server_side = page_side.connect_to_server()
        page_side.on_message(partial(self._from_page, page_side, server_side))
        server_side.on_message(partial(self._from_server, page_side))

    def _from_server(self, page_side: Any, message: str) -> None:
        request = json.loads(message)
        if request["op"] == "edit":
            self._edits.add(request["request_id"])
        page_side.send(message)

    async def _from_page(self, page_side: Any, server_side: Any, message: str) -> None:
        said = json.loads(message)
        if self.loses and said.get("request_id") in self._edits:
            self.loses = False
            self.lost.set()
            await server_side.close()
            await page_side.close()
        else:
            server_side.send(message)


async def _wired(view: LabPage, load: Any) -> _Wire:
    wire = _Wire()
    await view.page.route_web_socket("**/agent-host/pages/socket*", wire.carry)
    await load(view)
    return wire


async def test_an_edit_whose_answer_is_lost_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab_pages(tmp_path, monkeypatch, rtc=False) as lab:
        path = lab.server.notebook("lost.ipynb", "a = 1", "b = 2", metadata=kernelspec())
        desk = await lab.server.desk(path)
        view = await lab.blank()
        wire = await _wired(view, partial(lab.load, name="lost.ipynb"))
        await view.type_into(0, " + 1")
        await _until_typing(desk, "c0")

        wire.loses = True
        assert "Inserted" in await desk.do("insert_cells", after="c0", cells=[{"source": "once"}])
        assert wire.lost.is_set()
        await view.shows(["a = 1 + 1", "once", "b = 2"])
        wire.loses = True
        revision = (await desk.snapshot()).cells[2].revision
        await desk.do("edit_cell", cell_id="c1", revision=revision, source="b = 3")
        await view.shows(["a = 1 + 1", "once", "b = 3"])
        wire.loses = True
        revision = (await desk.snapshot()).cells[2].revision
        await desk.do("delete_cells", cells=[{"cell_id": "c1", "revision": revision}])
        await view.shows(["a = 1 + 1", "once"])
        await lab.shot(view, "answer-lost")
        await view.save()
        await saved(path, ["a = 1 + 1", "once"])


async def test_a_page_that_closes_in_the_midst_of_an_edit_leaves_it_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lab_pages(tmp_path, monkeypatch, rtc=False) as lab:
        path = lab.server.notebook("closed.ipynb", "a = 1", "b = 2", metadata=kernelspec())
        desk = await lab.server.desk(path)
        view = await lab.blank()
        wire = await _wired(view, partial(lab.load, name="closed.ipynb"))
        await view.save()
        said: list[str] = []

        async def agent() -> None:
            said.append(await desk.do("insert_cells", after="c0", cells=[{"source": "once"}]))

        wire.loses = True
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(agent)
            await wire.lost.wait()
            await view.page.close()
        assert "Inserted" in said[0]
        assert lab.server.sources(path) == ["a = 1", "once", "b = 2"]
        assert "open nowhere" in await desk.do("overview")
        again = await lab.open("closed.ipynb")
        await again.shows(["a = 1", "once", "b = 2"])
        await lab.shot(again, "page-closed")


async def test_a_page_that_does_not_answer_is_told_to_the_agent_and_nothing_is_tried_behind_its_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dialog of the browser holds the page's whole program."""
    async with lab_pages(tmp_path, monkeypatch, rtc=False) as lab:
        path = lab.server.notebook("held.ipynb", "a = 1", metadata=kernelspec())
        desk = await lab.server.desk(path)
        view = await lab.open("held.ipynb")
        dialogs: list[Any] = []

        def note(dialog: Any) -> None:
            dialogs.append(dialog)

        view.page.on("dialog", note)
        await view.page.evaluate("() => void setTimeout(() => alert('held'), 0)")
        with anyio.fail_after(60):
            refused = await desk.refused("insert_cells", after="c0", cells=[{"source": "new"}])
        assert "has not answered for 20 s" in refused
        await dialogs[0].accept()
        await desk.do("insert_cells", after="c0", cells=[{"source": "now"}])
        await view.shows(["a = 1", "now"])
        assert lab.server.sources(path) == ["a = 1"]


@pytest.mark.parametrize("rtc", [False, True])
async def test_a_notebook_whose_file_has_no_cell_ids_is_worked_on_where_it_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rtc: bool
) -> None:
    async with lab_pages(tmp_path, monkeypatch, rtc=rtc) as lab:
        path = lab.server.notebook("old.ipynb", "a = 1", "b = 2", metadata=kernelspec())
        old = json.loads(path.read_text())
        old["nbformat_minor"] = 4
        for cell in old["cells"]:
            del cell["id"]
        path.write_text(json.dumps(old))
        desk = await lab.server.desk(path)
        assert "a = 1" in await desk.do("overview")
        view = await lab.open("old.ipynb")
        first, second = (await desk.snapshot()).cells
        await desk.do("insert_cells", after=first.id, cells=[{"source": "between"}])
        await desk.do("edit_cell", cell_id=second.id, revision=second.revision, source="b = 3")
        await desk.do("move_cells", cell_ids=[second.id], after="")
        await view.shows(["b = 3", "a = 1", "between"])
        await view.save()
        await saved(path, ["b = 3", "a = 1", "between"])
        await lab.load(view, "old.ipynb")
        await view.shows(["b = 3", "a = 1", "between"])
        assert notebook_on_disk(path)["nbformat_minor"] == 4
        assert "b = 3" in await desk.do("overview")
        await lab.shot(view, f"old-format-{rtc}")


async def test_pictures_in_text_cells_outlive_what_is_done_to_the_cells_and_its_undo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lab_pages(tmp_path, monkeypatch, rtc=False) as lab:
        path = lab.server.notebook("pictures.ipynb", "one", "two", "three", metadata=kernelspec())
        notebook = json.loads(path.read_text())
        picture = {"dot.png": {"image/png": PNG}}
        for index in (1, 2):
            cell = {"cell_type": "markdown", "source": "![dot](attachment:dot.png)", "attachments": picture}
            notebook["cells"][index] = {"id": f"c{index}", "metadata": {}, **cell}
        too_long = {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "x" * 5_000_000}}
        notebook["cells"][0]["outputs"] = [too_long]
        path.write_text(json.dumps(notebook))
        desk = await lab.server.desk(path)
        desk.toolbox = Toolbox(ALL_TOOLS, AllowAll(), (CellRecorder(),))
        view = await lab.open("pictures.ipynb")
        await expect(view.page.locator(".jp-RenderedMarkdown img")).to_have_count(2)
        cells = (await desk.snapshot()).cells
        await desk.do("delete_cells", cells=[{"cell_id": cell.id, "revision": cell.revision} for cell in cells[:2]])
        await desk.do("edit_cell", cell_id="c2", revision=cells[2].revision, type="code", source="2")
        assert (await desk.agent.review.undo("turn", (), "")).ok
        await expect(view.page.locator(".jp-RenderedMarkdown img")).to_have_count(2)
        first, *others = (await desk.document.read(["c0", "c1", "c2"])).cells
        assert [cell.attachments for cell in others] == [picture, picture]
        assert not first.outputs, "what is left of an output that was too long to be read is no output"
        await view.save()
        kept = [cell.get("attachments") for cell in notebook_on_disk(path)["cells"]]
        assert kept == [None, picture, picture]


@pytest.mark.parametrize("rtc", [False, True])
async def test_lines_that_end_as_on_windows_are_edited_and_end_as_in_notebooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rtc: bool
) -> None:
    async with lab_pages(tmp_path, monkeypatch, rtc=rtc) as lab:
        path = lab.server.notebook("windows.ipynb", "a = 1\r\nb = 2\r\nc = 3", "d = 4", metadata=kernelspec())
        desk = await lab.server.desk(path)
        view = await lab.open("windows.ipynb")
        first = (await desk.snapshot()).cells[0]
        both = {"old": "a = 1\nb = 2", "new": "a = 10\r\nb = 20"}
        await desk.do("edit_cell", cell_id="c0", revision=first.revision, replacements=[both])
        await view.shows(["a = 10\nb = 20\nc = 3", "d = 4"])
        await desk.do("insert_cells", after="c1", cells=[{"source": "e = 5\r\nf = 6"}])
        await view.shows(["a = 10\nb = 20\nc = 3", "d = 4", "e = 5\nf = 6"])
        await view.type_into(0, "0")
        await view.shows(["a = 10\nb = 20\nc = 30", "d = 4", "e = 5\nf = 6"])
        await view.save()
        await saved(path, ["a = 10\nb = 20\nc = 30", "d = 4", "e = 5\nf = 6"])
