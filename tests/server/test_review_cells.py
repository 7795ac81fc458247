"""Permissions and undo of cells on a real server, with and without real-time collaboration."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import nbformat
import pytest
from own_house import Desk, OwnServer, own_server

from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.notebook.cells import (
    CellEdit,
    DeleteCell,
    InsertCell,
    ReplaceSource,
    SetCellMetadata,
    revision_of,
)
from jupyter_agent_host.host.permissions.tool_permissions import ToolPermissions
from jupyter_agent_host.host.review.cell_edit_recorder import CellRecorder
from jupyter_agent_host.host.tools.catalogue import ALL_TOOLS
from jupyter_agent_host.host.tools.tool import ToolContext
from jupyter_agent_host.host.tools.toolbox import Toolbox
from jupyter_agent_host.protocol.events import PermissionAsked
from jupyter_agent_host.protocol.host_api import AnswerRequest
from jupyter_agent_host.protocol.host_tools import ToolImage
from jupyter_agent_host.protocol.review_api import DiffRequest, ItemRef, ReviewDiff

pytestmark = pytest.mark.anyio

PICTURE = {
    "dot.png": {
        "image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    }
}


async def careful(server: OwnServer, path: Path, mode: str = "") -> Desk:
    """A desk that asks and records, as the product's does."""
    desk = await server.desk(path)
    desk.toolbox = Toolbox(
        ALL_TOOLS, ToolPermissions(desk.agent.services.journal, desk.agent.services.settings.review), (CellRecorder(),)
    )
    await desk.agent.state.update(notebook_mode=mode)
    return desk


async def asked(desk: Desk, number: int = 1) -> PermissionAsked:
    """The newest question, once so many were asked."""
    with anyio.fail_after(30):
        while True:
            records = await desk.agent.services.journal.events(desk.agent.row.notebook_id)
            found = [record.event for record in records if isinstance(record.event, PermissionAsked)]
            if len(found) >= number:
                return found[-1]
            await anyio.sleep(0.02)


async def answer(desk: Desk, question: PermissionAsked, decision: str, **options: Any) -> None:
    request = AnswerRequest(request_id=question.request_id, decision=decision, **options)  # type: ignore[arg-type]
    assert await desk.agent.answer(request, "ada")


async def alongside(call: Callable[[], Awaitable[str]], person: Callable[[], Awaitable[None]]) -> str:
    """A tool call, and a person who acts while it waits."""
    said: list[str] = []

    async def calling() -> None:
        said.append(await call())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(calling)
        await person()
    return said[0]


async def sources(desk: Desk) -> list[str]:
    return [cell.source for cell in (await desk.snapshot()).cells]


async def edited(desk: Desk, *edits: CellEdit) -> None:
    """The person's own edits."""
    await desk.document.edit(edits)


async def revision(desk: Desk, cell_id: str) -> str:
    cell = (await desk.snapshot()).cell(cell_id)
    assert cell is not None
    return cell.revision


@pytest.mark.parametrize("rtc", [False, True])
async def test_a_turn_is_undone_beside_the_persons_edits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rtc: bool
) -> None:
    async with own_server(tmp_path, monkeypatch, rtc=rtc) as server:
        path = server.notebook("undo.ipynb", "a = 1\nb = 1\nc = 1", "two", "three", "four")
        desk = await careful(server, path, "auto")

        async def story() -> None:
            await desk.do("edit_cell", cell_id="c0", revision=await revision(desk, "c0"), source="a = 9\nb = 1\nc = 1")
            await desk.do("edit_cell", cell_id="c1", revision=await revision(desk, "c1"), source="TWO")
            await desk.do("insert_cells", after="c1", cells=[{"source": "new"}, {"source": "newer"}])
            await desk.do("delete_cells", cells=[{"cell_id": "c2", "revision": await revision(desk, "c2")}])
            await desk.do("move_cells", cell_ids=["c3"], after="")
            assert await sources(desk) == ["four", "a = 9\nb = 1\nc = 1", "TWO", "new", "newer"]
            now = await desk.snapshot()
            assert now.cells[1].metadata["agent_host"]["turn_id"] == "turn"
            newer = now.cells[4].id
            await edited(
                desk,
                ReplaceSource("c0", await revision(desk, "c0"), "a = 9\nb = 1\nc = 5"),
                ReplaceSource("c1", await revision(desk, "c1"), "mine"),
                ReplaceSource(newer, await revision(desk, newer), "newer, and mine"),
                InsertCell("p", "", "code", "person"),
            )
            call = DiffRequest(key="c0")
            diff = await server.manager.call(NotebookRef(path=str(path)), "review_diff", call)
            assert isinstance(diff, ReviewDiff)
            assert "-a = 1\n+a = 9" in diff.diff
            assert "+c = 5" in diff.since

            undone = await desk.agent.review.undo("turn", (), "")
            assert {(item.key, item.mine, item.before) for item in undone.conflicts} == {
                ("c1", "mine", "two"),
                (newer, "newer, and mine", None),
            }
            assert await sources(desk) == ["person", "a = 1\nb = 1\nc = 5", "mine", "newer, and mine", "three", "four"]
            now = await desk.snapshot()
            restored = now.cell("c0")
            assert restored is not None
            assert "agent_host" not in restored.metadata
            assert (await desk.agent.review.undo("turn", (), "mine")).ok
            assert "mine" in await sources(desk)
            assert "rejected or undid" in await desk.agent.review.rejections()
            assert await desk.agent.review.rejections() == ""

        if not rtc:
            await story()
            return
        async with server.person("undo.ipynb") as person:
            await story()
            now = await sources(desk)
            await person.until(lambda: person.sources == now)


async def test_what_is_allowed_is_the_call_that_was_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with own_server(tmp_path, monkeypatch, rtc=False) as server:
        path = server.notebook("ask.ipynb", "one", "two", "three")
        notebook = json.loads(path.read_text())
        notebook["cells"][1]["metadata"]["tags"] = ["agent-readonly"]
        notebook["cells"][2]["metadata"]["tags"] = ["agent-ask"]
        path.write_text(json.dumps(notebook))
        desk = await careful(server, path, "ask")

        async def edit(source: str, cell_id: str = "c0") -> str:
            at = await revision(desk, cell_id)
            found = await desk.answer("edit_cell", cell_id=cell_id, revision=at, source=source)
            return "".join(getattr(block, "text", "") for block in found.content)

        async def change_then_allow() -> None:
            first = await asked(desk, 1)
            assert first.source == "host"
            assert first.input["source"] == "uno"
            assert first.details["cells"] == [{"id": "c0", "position": 0, "type": "code", "head": "one"}]
            assert first.details["diff"].endswith("-one\n+uno")
            assert first.details["mayRemember"]
            await edited(desk, ReplaceSource("c0", await revision(desk, "c0"), "one, and mine"))
            await answer(desk, first, "allow")

        assert "changed since you read it" in await alongside(lambda: edit("uno"), change_then_allow)
        assert (await sources(desk))[0] == "one, and mine"

        async def allow_for_good() -> None:
            await answer(desk, await asked(desk, 2), "allow", remember="notebook")

        await alongside(lambda: edit("uno"), allow_for_good)
        assert (await sources(desk))[0] == "uno"
        await edit("dos")  # the like is not asked about any more
        assert (await sources(desk))[0] == "dos"
        assert "agent-readonly" in await edit("x", "c1")

        async def deny_tagged() -> None:
            question = await asked(desk, 3)  # granted or not: the tag asks
            assert not question.details["mayRemember"]
            await answer(desk, question, "deny")

        await alongside(lambda: edit("x", "c2"), deny_tagged)
        assert (await sources(desk))[1:] == ["two", "three"]


async def test_what_changed_while_a_person_was_asked_is_neither_run_nor_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with own_server(tmp_path, monkeypatch, rtc=False) as server:
        path = server.notebook("meanwhile.ipynb", "1 + 1", "two", "three")
        desk = await careful(server, path, "ask")

        async def said(name: str, **arguments: Any) -> str:
            found = await desk.answer(name, **arguments)
            return "".join(getattr(block, "text", "") for block in found.content)

        async def after(number: int, *edits: CellEdit) -> None:
            question = await asked(desk, number)
            await edited(desk, *edits)
            await answer(desk, question, "allow")

        was = await revision(desk, "c0")
        run = await alongside(
            lambda: said("run_cells", cells=[{"cell_id": "c0", "revision": was}]),
            lambda: after(1, ReplaceSource("c0", was, "import shutil")),
        )
        assert "changed since you read it" in run
        assert "import shutil" in run
        assert (await desk.agent.services.notebooks.kernel(str(path)).status()).state == "none", "nothing was run"

        moved = await alongside(
            lambda: said("move_cells", cell_ids=["c1"], after=""),
            lambda: after(2, SetCellMetadata("c1", {"tags": ["agent-readonly"]})),
        )
        assert "changed before they answered" in moved
        assert await sources(desk) == ["import shutil", "two", "three"]

        gone = await alongside(
            lambda: said("set_cell_metadata", cell_id="c2", values={"a": 1}),
            lambda: after(3, ReplaceSource("c2", revision_of("code", "three"), "mine")),
        )
        assert "changed since you read it" in gone
        assert (await desk.snapshot()).cells[2].metadata.get("a") is None


async def test_modes_differ_and_nobody_there_means_no(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with own_server(tmp_path, monkeypatch, rtc=False) as server:
        path = server.notebook("modes.ipynb", "one", "two")
        desk = await careful(server, path)

        async def headless(name: str, **arguments: Any) -> str:
            desk.calls += 1
            context = ToolContext(desk.agent, f"headless{desk.calls}", "turn", "use", headless=True)
            found = await desk.toolbox.call(context, name, arguments)
            return "".join(getattr(block, "text", "") for block in found.content)

        await headless("insert_cells", after="c1", cells=[{"source": "import numpy as np"}])
        assert (await sources(desk))[2] == "import numpy as np"
        assert "Nobody is there" in await headless("insert_cells", after="", cells=[{"source": "%agent mode auto"}])
        delete = [{"cell_id": "c0", "revision": await revision(desk, "c0")}]
        assert "Nobody is there" in await headless("delete_cells", cells=delete)
        await desk.agent.state.update(notebook_mode="auto")
        await headless("delete_cells", cells=delete)
        assert (await sources(desk))[0] == "two"
        assert "Nobody is there" in await headless("insert_cells", after="", cells=[{"source": "%agent mode auto"}])


async def test_a_deleted_cell_comes_back_with_its_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with own_server(tmp_path, monkeypatch, rtc=False) as server:
        path = server.notebook("outputs.ipynb", "one", "two", "three")
        notebook = json.loads(path.read_text())
        notebook["cells"][1].update(
            execution_count=7, outputs=[{"output_type": "stream", "name": "stdout", "text": ["hello\n"]}]
        )
        path.write_text(json.dumps(notebook))
        desk = await careful(server, path, "auto")
        cells = [{"cell_id": key, "revision": await revision(desk, key)} for key in ("c1", "c2")]
        await desk.do("delete_cells", cells=cells)
        assert await sources(desk) == ["one"]
        await edited(desk, DeleteCell("c0", await revision(desk, "c0")), InsertCell("p", "", "code", "person"))
        undone = await desk.agent.review.undo("turn", (), "")
        assert undone.ok, undone
        restored = (await desk.document.read(["c1"])).cell("c1")
        assert restored is not None
        assert restored.execution_count == 7
        assert "hello" in json.dumps(restored.outputs)
        assert sorted(await sources(desk)) == ["person", "three", "two"]


@pytest.mark.parametrize("rtc", [False, True])
async def test_a_text_cell_comes_back_with_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rtc: bool
) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(own_server(tmp_path, monkeypatch, rtc=rtc))
        path = server.notebook("pictures.ipynb", "one", "two", "three", "four")
        notebook = json.loads(path.read_text())
        for index, kind in ((1, "markdown"), (2, "markdown"), (3, "raw")):
            source = "![dot](attachment:dot.png)"
            cell = {"id": f"c{index}", "cell_type": kind, "source": source, "metadata": {}, "attachments": PICTURE}
            notebook["cells"][index] = cell
        path.write_text(json.dumps(notebook))
        if rtc:
            await stack.enter_async_context(server.person("pictures.ipynb"))
        desk = await careful(server, path, "auto")
        shown = await desk.answer("read_outputs", cell_ids=["c1"])
        assert ToolImage("image/png", PICTURE["dot.png"]["image/png"]) in shown.content
        await desk.do("delete_cells", cells=[{"cell_id": "c1", "revision": await revision(desk, "c1")}])
        await desk.do("edit_cell", cell_id="c2", revision=await revision(desk, "c2"), type="code", source="2")
        await desk.do("edit_cell", cell_id="c3", revision=await revision(desk, "c3"), type="markdown", source="4")
        await desk.do("move_cells", cell_ids=["c3"], after="")
        now = await desk.document.read(["c2", "c3"])
        assert [(cell.type, cell.attachments) for cell in now.cells] == [
            ("markdown", PICTURE),
            ("code", {}),
            ("code", {}),
        ]
        assert (await desk.agent.review.undo("turn", (), "")).ok
        now = await desk.document.read(["c1", "c2", "c3"])
        assert [(cell.type, cell.attachments) for cell in now.cells] == [
            ("code", {}),
            ("markdown", PICTURE),
            ("markdown", PICTURE),
            ("raw", PICTURE),
        ]
        if not rtc:
            nbformat.validate(json.loads(path.read_text()))


@pytest.mark.parametrize("rtc", [False, True])
async def test_cells_that_were_moved_together_go_back_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rtc: bool
) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(own_server(tmp_path, monkeypatch, rtc=rtc))
        names = [f"cell {index}" for index in range(8)]
        path = server.notebook("order.ipynb", *names)
        if rtc:
            await stack.enter_async_context(server.person("order.ipynb"))
        desk = await careful(server, path, "auto")
        await desk.do("move_cells", cell_ids=["c0", "c1", "c2"], after="c7")
        gone = [{"cell_id": key, "revision": await revision(desk, key)} for key in ("c4", "c5", "c1")]
        await desk.do("delete_cells", cells=gone)
        await desk.do("insert_cells", after="c7", cells=[{"source": "new"}])
        await desk.do("move_cells", cell_ids=["c2", "c6"], after="")
        assert await sources(desk) == ["cell 2", "cell 6", "cell 3", "cell 7", "new", "cell 0"]
        rejected = await desk.agent.review.reject("turn", (ItemRef(key="c2"), ItemRef(key="c5")), "")
        assert rejected.ok
        assert await sources(desk) == ["cell 6", "cell 2", "cell 3", "cell 5", "cell 7", "new", "cell 0"]
        assert (await desk.agent.review.undo("turn", (), "")).ok
        assert await sources(desk) == names
