"""The cell tools on real notebooks: in a file, and in a collaboration room."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import anyio
import pytest
from hammering import first_sources, hammer
from on_disk import saved
from own_house import own_server, text_of

from jupyter_agent_host.protocol.host_tools import ToolImage

pytestmark = pytest.mark.anyio

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


async def test_every_tool_on_a_notebook_that_is_open_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with own_server(tmp_path, monkeypatch, rtc=False) as server:
        path = server.notebook("one.ipynb", "a = 1", "b = 2\nprint(b)", "c = 3", metadata={"kept": {"deep": [1]}})
        desk = await server.desk(path)
        overview = await desk.do("overview")
        cells = (await desk.snapshot()).cells
        assert overview.splitlines()[0] == "3 cells, kernel unknown, file, open nowhere"
        assert f"c1 rev {cells[1].revision} code [ ] | b = 2 (+1 lines)" in overview
        page = await desk.do("overview", start="c1", limit=1)
        assert '(1 more cells: go on with start="c2")' in page
        assert "b = 2\nprint(b)" in await desk.do("read_cells", cell_ids=["c1"])
        assert "c1 line 2: print(b)" in await desk.do("search_cells", text="PRINT")

        inserted = await desk.do("insert_cells", after="c0", cells=[{"source": "# Title", "type": "markdown"}])
        new = inserted.split()[1]
        edited = {"cell_id": "c1", "revision": cells[1].revision}
        await desk.do("edit_cell", **edited, replacements=[{"old": "b = 2", "new": "b = 20"}])
        stale = await desk.refused("edit_cell", **edited, source="b = 0")
        assert "changed since you read it" in stale
        assert "b = 20\nprint(b)" in stale
        await desk.do("move_cells", cell_ids=["c2", "c0"], after="")
        await desk.do("set_cell_metadata", cell_id="c0", values={"tags": ["parameters"]})
        assert "parameters" in await desk.do("overview")
        assert server.sources(path) == ["c = 3", "a = 1", "# Title", "b = 20\nprint(b)"]
        await desk.do("delete_cells", cells=[{"cell_id": "c2", "revision": cells[2].revision}])
        saved = json.loads(path.read_text())
        assert [cell["id"] for cell in saved["cells"]] == ["c0", new, "c1"]
        assert saved["metadata"]["kept"] == {"deep": [1]}
        assert saved["cells"][2]["metadata"]["agent_host"]["turn_id"] == "turn"
        assert [request.tool for request in desk.permits.asked].count("edit_cell") == 1, "who is refused asks nobody"


async def test_what_makes_no_sense_is_said_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with own_server(tmp_path, monkeypatch, rtc=False) as server:
        path = server.notebook("one.ipynb", "x = 1\nx = 1", "y")
        desk = await server.desk(path)
        before = path.read_bytes()
        revision = (await desk.snapshot()).cells[0].revision
        twice = {"cell_id": "c0", "revision": revision, "replacements": [{"old": "x = 1", "new": "z"}]}
        assert "2 times" in await desk.refused("edit_cell", **twice)
        assert "no tool" in await desk.refused("format_disk")
        assert "do not fit" in await desk.refused("edit_cell", cell_id="c0", revision=revision, source="a", index=3)
        assert "do not fit" in await desk.refused("insert_cells", after="", cells=[{"source": "x"}] * 51)
        assert "do not fit" in await desk.refused("insert_cells", after="", cells=[{"source": "x" * 2_000_000}])
        assert "No cell 'c9'" in await desk.refused("insert_cells", after="c9", cells=[{"source": "x"}])
        assert "host alone" in await desk.refused("set_cell_metadata", cell_id="c0", values={"agent_host": {}})
        mixed = [{"cell_id": "c1", "revision": (await desk.snapshot()).cells[1].revision}]
        mixed.append({"cell_id": "c0", "revision": "0" * 12})
        assert "changed since" in await desk.refused("delete_cells", cells=mixed)
        assert path.read_bytes() == before
        odd = json.loads(before)
        odd["cells"][1]["id"] = None
        path.write_text(json.dumps(odd))
        assert "has null for its id" in await desk.refused("overview")
        odd["cells"][1]["id"] = "c0"
        path.write_text(json.dumps(odd))
        assert 'Two cells of the notebook have the id "c0"' in await desk.refused("overview")
        path.unlink()
        assert "cannot be read" in await desk.refused("overview")


async def test_a_call_carried_out_again_inserts_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with own_server(tmp_path, monkeypatch, rtc=False) as server:
        path = server.notebook("one.ipynb", "a")
        desk = await server.desk(path)
        for _ in range(2):
            await desk.do("insert_cells", request_id="again", after="c0", cells=[{"source": "b"}, {"source": "c"}])
        assert server.sources(path) == ["a", "b", "c"]


async def test_the_room_is_edited_live_and_a_typing_person_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with own_server(tmp_path, monkeypatch, rtc=True) as server:
        path = server.notebook("live.ipynb", "é = 1", "b = 2", "c = 3")
        notebook = json.loads(path.read_text())
        notebook["cells"][2]["outputs"] = [
            {"output_type": "display_data", "metadata": {}, "data": {"image/png": PNG, "text/plain": "<Figure>"}},
            {"output_type": "stream", "name": "stdout", "text": "hello\n"},
        ]
        path.write_text(json.dumps(notebook))
        desk = await server.desk(path)
        async with server.person("live.ipynb") as person:
            assert "shared live document" in await desk.do("overview")
            await person.write(0, " + 1")
            await person.until(lambda: True)
            with anyio.fail_after(20):
                while "+ 1" not in (await desk.snapshot()).cells[0].source:  # noqa: ASYNC110 - the server tells nobody
                    await anyio.sleep(0.02)
            cells = (await desk.snapshot()).cells
            assert cells[0].typing
            typing = await desk.refused("edit_cell", cell_id="c0", revision=cells[0].revision, source="gone")
            assert "is typing" in typing
            await desk.do("edit_cell", cell_id="c1", revision=cells[1].revision, source="b = 22")
            await desk.do("insert_cells", after="c1", cells=[{"source": "new"}])
            await desk.do("move_cells", cell_ids=["c2"], after="")
            await person.until(lambda: person.sources == ["c = 3", "é = 1 + 1", "b = 22", "new"])
            shown = await desk.answer("read_outputs", cell_ids=["c2"])
            assert [block for block in shown.content if isinstance(block, ToolImage)] == [ToolImage("image/png", PNG)]
            assert "hello" in text_of(shown)
            await saved(path, person.sources)


@pytest.mark.parametrize("rtc", [False, True])
async def test_two_agents_hammer_two_notebooks_and_nothing_is_lost_or_crosses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rtc: bool
) -> None:
    async with own_server(tmp_path, monkeypatch, rtc=rtc) as server:
        names = ("left.ipynb", "right.ipynb")
        paths = [server.notebook(name, *first_sources(name)) for name in names]
        desks = [await server.desk(path) for path in paths]
        wanted: dict[int, list[str]] = {}

        async def work(which: int) -> None:
            wanted[which] = await hammer(desks[which], names[which], 200 if rtc else 40)

        async with AsyncExitStack() as stack:
            people = [await stack.enter_async_context(server.person(name)) for name in names] if rtc else []
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(work, 0)
                tasks.start_soon(work, 1)
            for which, person in enumerate(people):
                await person.until(partial(lambda person, which: person.sources == wanted[which], person, which))
                await saved(paths[which], wanted[which])
        for which, path in enumerate(paths):
            live = [cell.source for cell in (await desks[which].snapshot()).cells]
            assert live == wanted[which]
            await saved(path, wanted[which])
            assert names[1 - which] not in path.read_text()


async def test_a_notebook_of_an_older_format_is_worked_with_in_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colab's are of 4.0: their cells have no ids, get some from us, and keep them; the file's format stays."""
    async with own_server(tmp_path, monkeypatch, rtc=False) as server:
        path = server.notebook("old.ipynb", "a = 1", "a = 1", "c = 3")
        old = json.loads(path.read_text())
        old["nbformat_minor"] = 0
        for cell in old["cells"]:
            del cell["id"]
        path.write_text(json.dumps(old))
        desk = await server.desk(path)
        first, second, third = (await desk.snapshot()).cells
        assert len({first.id, second.id, third.id}) == 3, "equal cells are told apart"
        assert "a = 1" in await desk.do("read_cells", cell_ids=[second.id])
        await desk.do("edit_cell", cell_id=second.id, revision=second.revision, source="b = 2")
        await desk.do("insert_cells", after=first.id, cells=[{"source": "# new", "type": "markdown"}])
        after = (await desk.snapshot()).cells
        assert [cell.source for cell in after] == ["a = 1", "# new", "b = 2", "c = 3"]
        assert (after[0].id, after[2].id, after[3].id) == (first.id, second.id, third.id)
        await desk.do("move_cells", cell_ids=[third.id], after="")
        saved = json.loads(path.read_text())
        assert (saved["nbformat"], saved["nbformat_minor"]) == (4, 0)
        assert not any("id" in cell for cell in saved["cells"])
        saved["cells"][1]["source"] = ["a = 10"]  # the person, in an editor
        path.write_text(json.dumps(saved))
        assert [cell.id for cell in (await desk.snapshot()).cells][:2] == [third.id, first.id]
        assert "changed since you read it" in await desk.refused(
            "edit_cell", cell_id=first.id, revision=first.revision, source="over it"
        )
