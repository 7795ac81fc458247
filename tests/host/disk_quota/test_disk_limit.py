"""A sandbox whose private files pass the disk limit: refused where they have a file system, else stopped, and told."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from house import OpenHouse

from jupyter_agent_host.host.disk_quota.loop_volume import why_not
from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.protocol.events import Notice, ToolResult
from jupyter_agent_host.sandbox.spec import Limits

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

SCRIPT = {
    "name": "disk",
    "rules": [
        {
            "when": {"prompt": "fill the disk"},
            "steps": [
                {
                    "tools": [
                        {"name": "Bash", "input": {"command": "for n in 1 2 3 4; do head -c 10M /dev/zero > $n; done"}}
                    ]
                },
                {"tools": [{"name": "Bash", "input": {"command": "python3 -c 'import time; time.sleep(90)'"}}]},
                {"say": "nobody stopped me"},
            ],
        },
        {
            "when": {"prompt": "ask for too much"},
            "steps": [
                {
                    "tools": [
                        {
                            "name": "Bash",
                            "input": {"command": "for n in 1 2 3 4; do head -c 10M /dev/zero > $n; done 2>&1"},
                        }
                    ]
                },
                {"say": "went on"},
            ],
        },
    ],
    "otherwise": {"say": "Scripted: {prompt}"},
}
LIMITS = Limits(disk_bytes=24 * 1024**2)


async def test_where_it_is_watched_the_sandbox_is_stopped_and_the_next_prompt_goes_on(open_house: OpenHouse) -> None:
    settings = WorkspaceSettings(limit="watch", mode="private")
    async with open_house(script=SCRIPT, limits=LIMITS, workspace=settings) as house:
        talk = await house.ask("fill the disk")
        assert talk.ended.error_code == "disk_limit", [record.event for record in talk.records[-6:]]
        assert "24 MiB" in talk.ended.error
        again = await house.ask("are you well?")
        assert again.ended.text == "Scripted: are you well?"
        assert any("were removed" in notice.text for notice in again.of(Notice))
        assert "watched" in " ".join((await house.info()).isolation_notes)


async def test_where_it_is_a_volume_writing_fails_and_the_agent_goes_on(open_house: OpenHouse, tmp_path: Path) -> None:
    if reason := why_not(tmp_path):
        pytest.skip(f"no volumes here: {reason}")
    async with open_house(script=SCRIPT, limits=LIMITS) as house:
        talk = await house.ask("ask for too much")
        assert talk.ended.text == "went on"
        assert any("No space left on device" in result.text for result in talk.of(ToolResult))
        assert "at most 24 MiB" in " ".join((await house.info()).isolation_notes)
    assert str(tmp_path) not in await anyio.Path("/proc/self/mountinfo").read_text(), "nothing stays mounted"
