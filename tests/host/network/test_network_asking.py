"""The person is asked once per host; what they say is kept for the notebook, by the server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import pytest
from house import House, OpenHouse, Talk
from outside_servers import serving
from outside_world import World

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.settings import NetworkSettings
from jupyter_agent_host.protocol.events import PermissionAsked, ToolResult
from jupyter_agent_host.protocol.host_api import AnswerRequest, NetworkReport, NetworkRequest

pytestmark = pytest.mark.anyio

MANY = "for i in 1 2 3 4 5; do curl -s http://asked.example/hello & done; wait"
FLOOD = "for i in 1 2 3 4 5 6 7 8; do curl -s http://h$i.example/ & done; wait"
SCRIPT: dict[str, Any] = {
    "rules": [
        {
            "when": {"prompt": name},
            "steps": [{"tools": [{"name": "Bash", "input": {"command": command}}]}, {"say": "{last_tool_result}"}],
        }
        for name, command in {"many": MANY, "flood": FLOOD}.items()
    ],
    "otherwise": {"say": "ok"},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("site")
    (root / "hello").write_text("hello there\n")
    with serving(root, None) as site:
        made = World()
        made.put("asked.example", 80, site.port)
        yield made


@pytest.fixture
def asking(open_house: OpenHouse, world: World) -> Any:
    def opened(**settings: Any) -> AbstractAsyncContextManager[House]:
        network = NetworkSettings(policy="ask", **settings)
        return open_house(script=SCRIPT, outside=world, network=network)

    return opened


@asynccontextmanager
async def answering(house: House, prompt: str, **answer: Any) -> AsyncIterator[Talk]:
    """A turn in which somebody answers every question alike; its questions are in the talk."""
    talk = await house.begin(prompt)
    with anyio.fail_after(60):
        async for record in house.events(talk):
            talk.records.append(record)
            if isinstance(record.event, PermissionAsked):
                await house.do("answer", AnswerRequest(request_id=record.event.request_id, **answer))
    yield talk


def output(talk: Talk) -> str:
    return str(talk.of(ToolResult)[-1].text)


async def report(house: House, action: Any = "list", target: str = "") -> NetworkReport:
    answer = await house.manager.call(house.ref(), "network", NetworkRequest(action=action, target=target))
    assert isinstance(answer, NetworkReport)
    return answer


async def test_one_question_for_many_connections_and_a_grant_that_outlives_the_server(asking: Any) -> None:
    async with asking() as house:
        async with answering(house, "many", decision="allow") as once:
            (asked,) = once.of(PermissionAsked)
            assert (asked.tool_name, asked.input, asked.source) == (
                "Network", {"host": "asked.example", "port": 80}, "host",
            )  # fmt: skip
            assert output(once).count("hello there") == 5
        async with answering(house, "many", decision="deny", message="Not today.") as refused:
            assert len(refused.of(PermissionAsked)) == 1, "once is for one turn"
            assert "Network access to asked.example:80 was not allowed. Not today." in output(refused)
        async with answering(house, "many", decision="allow", remember="notebook") as kept:
            assert output(kept).count("hello there") == 5
        assert [(rule.rule, rule.verdict) for rule in (await report(house)).rules] == [("asked.example:80", "allow")]
    async with asking() as house:
        talk = await house.ask("many")
        assert (talk.of(PermissionAsked), output(talk).count("hello there")) == ([], 5)
        await report(house, "revoke", "asked.example:80")
        async with answering(house, "many", decision="deny", remember="notebook") as refused:
            assert len(refused.of(PermissionAsked)) == 1
        assert "denied by this notebook's own rule" in output(await house.ask("many"))
        records = [json.loads(line) for line in (house.data_dir / "audit/audit.jsonl").read_text().splitlines()]
    approvals = [(one["actor"], one["outcome"], one["rule"]) for one in records if one["kind"] == "approval"]
    assert approvals == [("tester", decision, "host: Network") for decision in ("allow", "deny", "allow", "deny")]


async def test_nobody_there_is_no_and_a_flood_of_questions_is_bounded(asking: Any) -> None:
    async with asking() as house:
        alone = await house.ask("many", headless=True)
        assert "was not allowed" in output(alone)
        async with answering(house, "flood", decision="deny") as flooded:
            assert len(flooded.of(PermissionAsked)) <= 8
            assert output(flooded).count("Network access to h") == 8
        assert (await report(house)).policy == "ask"


async def test_a_locked_policy_asks_nobody_and_cannot_be_widened(asking: Any) -> None:
    async with asking(locked=True, allowed_hosts=("asked.example",)) as house:
        assert output(await house.ask("many")).count("hello there") == 5
        with pytest.raises(ConfigError, match="can only narrow it"):
            await report(house, "allow", "other.example")
        await report(house, "deny", "asked.example")
        talk = await house.ask("many")
        assert talk.of(PermissionAsked) == []
        assert "denied by this notebook's own rule" in output(talk)
        assert (await report(house)).policy == "deny"
        for wrong in ("", "https://x.example", "*.org"):
            with pytest.raises(ConfigError):
                await report(house, "deny", wrong)
