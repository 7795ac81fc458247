"""The workspace mode `review` in real boxes: what the agent writes stays inside until a person lets it out."""

from __future__ import annotations

import os

import pytest
from house import OpenHouse
from test_review import decide, listed, states

from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.protocol.events import ToolResult
from jupyter_agent_host.sandbox.spec import ProviderReport

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

CHANGE = "printf 'a,b\\n9,2\\n' > data.csv; echo hi > new.txt; rm old.txt; mkdir sub; echo deep > sub/deep.txt; ls"
LOOK = "cat data.csv sub/deep.txt; ls new.txt old.txt"
BASH = [{"tools": [{"name": "Bash", "input": {"command": CHANGE}}]}, {"say": "Changed."}]
SCRIPT = {
    "name": "review in boxes",
    "rules": [
        {"when": {"prompt": "change files"}, "steps": BASH},
        {
            "when": {"prompt": "look again"},
            "steps": [{"tools": [{"name": "Bash", "input": {"command": LOOK}}]}, {"say": "Looked."}],
        },
    ],
    "otherwise": {"say": "Scripted: {prompt}"},
}


@pytest.mark.parametrize(
    ("provider", "flavour"),
    [
        pytest.param("docker", "copy", marks=pytest.mark.docker),
        pytest.param("docker", "overlay", marks=pytest.mark.docker),
        pytest.param("local", "copy", marks=pytest.mark.bubblewrap),
        pytest.param("local", "overlay", marks=pytest.mark.bubblewrap),
    ],
)
async def test_files_leave_a_box_when_they_are_accepted_and_the_agent_is_told_what_was_not(
    open_house: OpenHouse, reports: dict[str, ProviderReport], provider: str, flavour: str
) -> None:
    report = reports[provider]
    if not report.available:
        pytest.skip(f"{provider}: {report.reason}")
    if flavour == "overlay" and not (report.overlay and report.file_owner and report.file_owner[0] == os.geteuid()):
        pytest.skip(f"{provider}: no overlay whose files this user may write can be had here")
    settings = WorkspaceSettings(mode="review", max_copy_files=1 if flavour == "overlay" else 20_000)
    async with open_house(script=SCRIPT, provider=provider, allow_unsandboxed=False, workspace=settings) as house:
        folder = house.notebook.parent
        (folder / "old.txt").write_text("old\n")
        (folder / "data.csv").write_text("a,b\n1,2\n")
        before = {path.name: path.read_text() for path in folder.iterdir()}
        await house.ask("change files")
        assert {path.name: path.read_text() for path in folder.iterdir()} == before, "nothing leaves unseen"
        (turn,) = states(await listed(house))
        assert turn == {
            "data.csv": "changed waiting",
            "new.txt": "changed waiting",
            "old.txt": "deleted waiting",
            "sub/deep.txt": "changed waiting",
        }
        assert (await house.info()).workspace_mode == "review"

        assert (await decide(house, "accept", ["data.csv"])).ok
        assert (folder / "data.csv").read_text() == "a,b\n9,2\n"
        assert (folder / "data.csv").stat().st_uid == folder.stat().st_uid
        assert (folder / "old.txt").exists()
        assert (await decide(house, "reject", ["new.txt", "old.txt"])).ok

        looked = await house.ask("look again")
        assert looked.of(ToolResult), looked.records
        (result,) = looked.of(ToolResult)
        assert "9,2" in result.text
        assert "deep" in result.text
        assert "'new.txt': No such file" in result.text
        assert "\nold.txt" in result.text, "what was rejected is as it was, inside as well"
        sent = house.last_messages()
        assert "the person rejected or undid changes of yours" in sent
        assert "new.txt" in sent
        assert {path.name for path in folder.iterdir()} == {"old.txt", "data.csv"}

        await house.do("stop")
        assert (await decide(house, "accept", ["sub/deep.txt"])).ok, "what waits outlives its sandbox"
        assert (folder / "sub" / "deep.txt").read_text() == "deep\n"
        assert (await decide(house, "undo", ["data.csv", "sub/deep.txt"])).ok
        assert (folder / "data.csv").read_text() == "a,b\n1,2\n"
        assert not (folder / "sub" / "deep.txt").exists()
