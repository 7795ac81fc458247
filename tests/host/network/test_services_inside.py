"""pip, git and npm inside a real sandbox, signed in to private places; MCP servers inside and outside."""

from __future__ import annotations

import base64
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from house import House, OpenHouse
from outside_servers import fill, make_authority, npm_page, serving
from outside_world import World

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.secret_text import read_secret_text
from jupyter_agent_host.host.settings import (
    CompanyNetwork,
    Credential,
    GatewaySettings,
    McpSettings,
    ServiceSettings,
)
from jupyter_agent_host.image.image_layout import RUNNER_PYTHON
from jupyter_agent_host.protocol.events import ToolResult
from jupyter_agent_host.protocol.host_api import McpReport, McpRequest
from jupyter_agent_host.sandbox.spec import ProviderReport
from jupyter_agent_host.scripted_model import ScriptedModel

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

TOKEN = "tok-inside-never-seen"
TINY = Path(__file__).parents[1] / "tiny_mcp.py"
COMMANDS = {
    "pip": "python3 -m pip install --disable-pip-version-check --no-deps --target /tmp/p tiny-thing"
    " && PYTHONPATH=/tmp/p python3 -c 'import tiny_thing as t; print(t.GREETING)'",
    "git": "git clone -q https://private.example/git/tiny.git /tmp/tiny && cd /tmp/tiny && cat README"
    " && head -c 3000000 /dev/urandom > big && git add big && git commit -qm more && git push -q 2>&1; echo push $?",
    "npm": "mkdir -p /tmp/n && cd /tmp/n && npm install --silent --no-audit --no-fund tiny-pkg"
    " && node -e \"console.log(require('tiny-pkg'))\"",
    "hunt": "env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; git config --list; pip config list 2>/dev/null;"
    " curl -s $(echo $PIP_INDEX_URL | sed s,simple/,echo,)",
}
TOOLS = {
    "ask inside": "mcp__tiny__greet",
    "ask outside": "mcp__remote__greet",
    "ask by events": "mcp__events__greet",
}
SCRIPT: dict[str, Any] = {
    "rules": [
        {
            "when": {"prompt": name},
            "steps": [{"tools": [{"name": tool, "input": value}]}, {"say": "{last_tool_result}"}],
        }
        for name, tool, value in [
            *[(name, "Bash", {"command": command}) for name, command in COMMANDS.items()],
            *[(name, tool, {"name": "Ada"}) for name, tool in TOOLS.items()],
        ]
    ],
    "otherwise": {"say": "ok"},
}


@pytest.fixture(scope="module")
def remote_port() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with subprocess.Popen([sys.executable, str(TINY), str(port), TOKEN]) as process:
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()


def places(port: int, python: str) -> dict[str, Any]:
    basic = read_secret_text("agent:{env:T}", {"T": TOKEN})
    bearer = {"Authorization": read_secret_text("Bearer {env:T}", {"T": TOKEN})}
    origin = "https://private.example"
    remote, events = (
        ServiceSettings(name=name, url=f"http://127.0.0.1:{port}/{path}", use="mcp", headers=bearer)
        for name, path in (("remote", "mcp"), ("events", "sse"))
    )
    return {
        "services": (
            ServiceSettings(name="index", url=f"{origin}/simple/", use="pip", basic=basic),
            ServiceSettings(name="code", url=f"{origin}/git/", use="git", basic=basic, push=True),
            ServiceSettings(name="registry", url=f"{origin}/", use="npm", basic=basic),
        ),
        "mcp_servers": (
            McpSettings(name="tiny", command=python, args=("/workspace/tiny_mcp.py",), enabled=True),
            McpSettings(name="remote", service=remote),
            McpSettings(name="events", service=events, transport="sse"),
        ),
        "environment": {"npm_config_cache": "/tmp/npm-cache", "PIP_CONFIG_FILE": "/dev/null"},
    }


async def told(house: House, prompt: str) -> str:
    talk = await house.ask(prompt)
    results = talk.of(ToolResult)
    assert results, talk.ended
    return str(results[-1].text)


@pytest.mark.parametrize(
    "kind", [pytest.param("local", marks=pytest.mark.bubblewrap), pytest.param("docker", marks=pytest.mark.docker)]
)
async def test_private_places_and_mcp_servers(
    open_house: OpenHouse, tmp_path: Path, remote_port: int, kind: str, reports: dict[str, ProviderReport]
) -> None:
    if not reports[kind].available:
        pytest.skip(f"{kind}: {reports[kind].reason}")
    fill(tmp_path / "root")
    authority = make_authority(tmp_path)
    project = tmp_path / "project"
    project.mkdir()
    (project / "tiny_mcp.py").write_bytes(TINY.read_bytes())
    async with ScriptedModel(SCRIPT) as model:
        gateway = GatewaySettings(
            base_url=model.url,
            credential=Credential("api_key", "sk-test-secret"),
            company=CompanyNetwork(ca_bundle=authority.ca),
        )
        with serving(tmp_path / "root", authority) as site:
            site.wants = "Basic " + base64.b64encode(f"agent:{TOKEN}".encode()).decode()
            npm_page(site, "https://private.example")
            world = World()
            world.put("private.example", 443, site.port, "10.20.30.40")
            python = sys.executable if kind == "local" else RUNNER_PYTHON
            more = places(remote_port, python)
            async with open_house(provider=kind, gateway=gateway, outside=world, **more) as house:
                await use(house, npm=kind == "local")  # the image has no npm
                await switch(house)


async def use(house: House, *, npm: bool) -> None:
    assert "from the index" in await told(house, "pip")
    text = await told(house, "git")
    assert "from the git host" in text
    assert "push 0" in text, text
    if npm:
        assert "from the registry" in await told(house, "npm")
    found = await told(house, "hunt")
    assert "PIP_INDEX_URL=http://127.0.0.1:" in found
    assert TOKEN not in found
    assert base64.b64encode(f"agent:{TOKEN}".encode()).decode() not in found
    assert TOKEN not in (house.data_dir / "audit" / "audit.jsonl").read_text()


async def switch(house: House) -> None:
    async def call(action: Any, name: str = "") -> dict[str, bool]:
        answer = await house.manager.call(house.ref(), "mcp", McpRequest(action=action, name=name))
        assert isinstance(answer, McpReport)
        return {server.name: server.on for server in answer.servers}

    assert await call("list") == {"tiny": True, "remote": False, "events": False}
    assert "hello Ada from inside" in await told(house, "ask inside")
    assert "hello" not in await told(house, "ask outside")
    assert await call("on", "remote") == {"tiny": True, "remote": True, "events": False}
    assert "hello Ada from outside" in await told(house, "ask outside")
    assert await call("on", "events") == {"tiny": True, "remote": True, "events": True}
    assert "hello Ada from outside, by events" in await told(house, "ask by events")
    assert await call("off", "tiny") == {"tiny": False, "remote": True, "events": True}
    assert "hello" not in await told(house, "ask inside")
    with pytest.raises(ConfigError, match="it has: tiny, remote, events"):
        await call("on", "nosuch")
