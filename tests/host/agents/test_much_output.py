"""A tool that prints more than anybody wants to read."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from house import OpenHouse

from jupyter_agent_host.host.assembly import JOURNAL
from jupyter_agent_host.protocol.events import ToolResult
from jupyter_agent_host.protocol.limits import MAX_EVENT_TEXT_BYTES, MIB
from jupyter_agent_host.sandbox.spec import ProviderReport

_PRINTED_BYTES = 100 * 10**6
_PRINT = f"yes 0123456789 | head -c {_PRINTED_BYTES}; echo THE-END; echo ERRORS >&2"
_SCRIPT = {
    "rules": [
        {
            "when": {"prompt": "print"},
            "steps": [{"tools": [{"name": "Bash", "input": {"command": _PRINT}}]}, {"say": "That was much."}],
        }
    ],
    "otherwise": {"say": "Still here."},
}


@pytest.mark.anyio
@pytest.mark.parametrize("provider", ["docker", "local"])
async def test_a_hundred_megabytes_of_output_are_cut_and_the_turn_goes_on(
    open_house: OpenHouse, reports: dict[str, ProviderReport], provider: str
) -> None:
    if not reports[provider].available:
        pytest.skip(f"{provider}: {reports[provider].reason}")
    async with open_house(script=_SCRIPT, provider=provider) as house:
        talk = await house.ask("print")
        (result,) = talk.of(ToolResult)
        assert (talk.ended.status, talk.delta_text) == ("completed", "That was much.")
        assert 0 < len(result.text.encode()) <= MAX_EVENT_TEXT_BYTES
        assert len(house.last_messages()) < MIB, "the model is not sent it whole either"
        assert (await house.ask("and now?")).delta_text == "Still here."
        with closing(sqlite3.connect(house.data_dir / JOURNAL)) as journal:
            pages, size = (journal.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
        assert pages * size < 4 * MIB
