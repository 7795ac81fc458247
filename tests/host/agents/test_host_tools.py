"""Calls that come out of a sandbox: each is carried out once, and a hostile runner gets nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest
from house import House, OpenHouse, Talk
from test_agent_failures import lie, live_of, until

from jupyter_agent_host.host.notebook.cells import Cell, CellEdit, Snapshot
from jupyter_agent_host.host.notebook.checked_cell_edits import apply_edits
from jupyter_agent_host.host.notebook.notebook_access import NoNotebooks
from jupyter_agent_host.host.settings import ReviewSettings
from jupyter_agent_host.protocol.control import HostToolCall
from jupyter_agent_host.protocol.events import TextDelta, ToolResult

pytestmark = pytest.mark.anyio


class Shelf(NoNotebooks):
    """Notebooks in memory, by path, with the edits' real rules."""

    available = True

    def __init__(self) -> None:
        self.cells: dict[str, list[Cell]] = {}
        self.reads = 0
        self.held = anyio.Event()
        self.held.set()

    def document(self, path: str) -> Any:
        return _Document(self, path)


class _Document:
    def __init__(self, shelf: Shelf, path: str) -> None:
        self._shelf, self._path = shelf, path

    async def read(self, _outputs_of: Sequence[str] = ()) -> Snapshot:
        self._shelf.reads += 1
        await self._shelf.held.wait()
        return self._now()

    async def edit(self, edits: Sequence[CellEdit], *, seen: Snapshot | None = None) -> Snapshot:
        """Where the caller has not read what the edits are for, it is read here, as a page's is."""
        before = seen if seen is not None else await self.read()
        apply_edits(before.cells, edits)
        self._shelf.cells[self._path] = apply_edits(self._now().cells, edits)
        return self._now()

    def _now(self) -> Snapshot:
        return Snapshot(tuple(self._shelf.cells.setdefault(self._path, [Cell("c0", "code", "a")])), {}, "page")


def call(talk: Talk, request_id: str, name: str = "overview", **changes: Any) -> HostToolCall:
    whole = {
        "request_id": request_id,
        "session_id": talk.accepted.session_id,
        "turn_id": talk.accepted.turn_id,
        "tool_use_id": "t",
        "name": name,
        "arguments": {},
        **changes,
    }
    return HostToolCall(**whole)


async def answered(house: House, talk: Talk, *calls: HostToolCall) -> dict[str, Any]:
    """Let the runner's place say these, and catch what the host answers."""
    live = live_of(house, talk)
    found: dict[str, Any] = {}
    send = live.channel.send

    async def catch(frame: Any) -> None:
        if getattr(frame, "request_id", "") in {one.request_id for one in calls}:
            found[frame.request_id] = frame
        else:
            await send(frame)

    live.channel.send = catch  # type: ignore[method-assign]
    for one in calls:
        lie(live, one)
        with anyio.fail_after(30):
            while one.request_id not in found:  # noqa: ASYNC110 - the answer goes to the runner, not to us
                await anyio.sleep(0.01)
    live.channel.send = send  # type: ignore[method-assign]
    return found


async def test_calls_of_a_hostile_runner(open_house: OpenHouse) -> None:
    shelf = Shelf()
    async with open_house(notebooks=shelf) as house:
        talk = await house.begin("slow please")
        await until(house, talk, TextDelta)
        found = await answered(
            house,
            talk,
            call(talk, "a"),
            call(talk, "b", "rm_rf"),
            call(talk, "c", arguments={"limit": "many"}),
            call(talk, "d", arguments=[1]),
            call(talk, "e", turn_id="another"),
            call(talk, "f", session_id="another"),
            call(talk, "g", "overview", arguments={"limit": 10**9}),
            call(talk, "h", "x" * 1_000_000),
            call(talk, "i", arguments={"start": "y" * 5_000_000}),
        )
        assert [key for key, frame in found.items() if not frame.is_error] == ["a"]
        assert all(len(frame.content[0].text) < 2_000 for frame in found.values())
        reads = shelf.reads
        await answered(house, talk, call(talk, "a"))
        assert shelf.reads == reads, "a call said again is answered from memory"

        channel = live_of(house, talk).channel
        hello, shelf.held = channel.hello, anyio.Event()
        for number in range(100):
            lie(live_of(house, talk), call(talk, f"flood{number}"))
        await house.finish(talk)
        assert channel.hello is not hello, "who floods is hung up on"
        shelf.held.set()
        assert (await house.ask("hello")).ended.status == "completed"


SCRIPT = {
    "rules": [
        {
            "when": {"prompt": "look"},
            "steps": [{"tools": [{"name": "mcp__notebook__overview", "input": {}}]}, {"say": "{last_tool_result}"}],
        },
        {
            "when": {"prompt": "insert"},
            "steps": [
                {
                    "tools": [
                        {
                            "name": "mcp__notebook__insert_cells",
                            "input": {"after": "c0", "cells": [{"source": "{prompt}"}]},
                        }
                    ]
                },
                {"say": "{last_tool_result}"},
            ],
        },
    ]
}


async def test_the_real_cli_sees_the_notebook_and_an_interrupt_ends_the_hosts_work(
    open_house: OpenHouse, tmp_path: Any
) -> None:
    shelf = Shelf()
    async with open_house(notebooks=shelf, script=SCRIPT, review=ReviewSettings(notebook_mode="auto")) as house:
        talk = await house.ask("look at it")
        (result,) = talk.of(ToolResult)
        assert not result.is_error
        assert "c0 rev" in talk.ended.text
        other = house.ref(notebook=tmp_path / "project" / "other.ipynb")
        reads = shelf.reads
        await house.ask("insert here")
        assert shelf.reads == reads + 1, "an edit is checked, carried out and noted for its review by one reading"
        await house.ask("insert there", ref=other)
        sources = {path.rpartition("/")[2]: [cell.source for cell in cells] for path, cells in shelf.cells.items()}
        assert sources == {"notebook.ipynb": ["a", "insert here"], "other.ipynb": ["a", "insert there"]}

        shelf.held, reads = anyio.Event(), shelf.reads
        talk = await house.begin("look again")
        with anyio.fail_after(30):
            while shelf.reads == reads:  # noqa: ASYNC110 - the call comes out of the sandbox
                await anyio.sleep(0.01)
        await house.do("interrupt")
        await house.finish(talk)
        assert talk.ended.status == "interrupted"
