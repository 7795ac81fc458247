"""pip, git, npm and curl inside real sandboxes: through the gateway where that is allowed, a sentence where not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from house import House, OpenHouse
from outside_servers import Site, fill, make_authority, npm_page, serving
from outside_world import World

from jupyter_agent_host.host.network import service_environment as network_tools
from jupyter_agent_host.host.settings import NetworkSettings
from jupyter_agent_host.protocol.events import Notice, ToolResult
from jupyter_agent_host.protocol.host_api import NetworkReport, NetworkRequest

pytestmark = pytest.mark.anyio

PIP = "python3 -m pip install --disable-pip-version-check --no-deps --target /tmp/pip-{0} tiny-thing"
COMMANDS = {
    "pip allowed": f"{PIP.format(1)} && PYTHONPATH=/tmp/pip-1 python3 -c 'import tiny_thing as t; print(t.GREETING)'",
    "git allowed": "git clone -q https://git.example/git/tiny.git /tmp/tiny && cat /tmp/tiny/README",
    "npm allowed": "mkdir -p /tmp/npm && cd /tmp/npm && npm install --silent --no-audit --no-fund tiny-pkg"
    " && node -e \"console.log(require('tiny-pkg'))\"",
    "curl allowed": "curl -sS https://index.example/files/ -o /dev/null -w '%{http_code}'",
    "pip refused": f"{PIP.format(2)} -v --retries 1 --index-url https://elsewhere.example/simple/",
    "git refused": "git clone -q https://elsewhere.example/x.git /tmp/x",
    "curl refused": "curl -sS http://elsewhere.example/; curl -sSv https://elsewhere.example/ 2>&1 | grep -i '< HTTP'",
    "direct": "curl -sS --noproxy '*' -m 5 http://93.184.216.34/ ; echo exit $?",
}
LOOK = {
    "pip refused": ("Network access to elsewhere.example:443 is off",),
    "git refused": ("403",),
    "curl refused": (
        "Network access to elsewhere.example:80 is off",
        "HTTP/1.1 403 Network access to elsewhere.example",
    ),
}
SCRIPT: dict[str, Any] = {
    "rules": [
        {
            "when": {"prompt": name},
            "steps": [{"tools": [{"name": "Bash", "input": {"command": command}}]}, {"say": "{last_tool_result}"}],
        }
        for name, command in COMMANDS.items()
    ],
    "otherwise": {"say": "ok"},
}  # fmt: skip
RULES = ("index.example:443", "git.example:443", "npm.example:443")


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("outside")
    fill(folder / "root")
    authority = make_authority(folder)
    with serving(folder / "root", authority) as site:
        world = World()
        for name in ("index.example", "git.example", "npm.example"):
            world.put(name, 443, site.port)
        npm_page(site, "https://npm.example")
        yield site, world, authority


def variables() -> dict[str, str]:
    ca = "/workspace/company-ca.crt"
    return {
        "PIP_INDEX_URL": "https://index.example/simple/", "PIP_CERT": ca, "PIP_CONFIG_FILE": "/dev/null",
        "GIT_SSL_CAINFO": ca, "CURL_CA_BUNDLE": ca, "npm_config_cafile": ca, "NODE_EXTRA_CA_CERTS": ca,
        "npm_config_registry": "https://npm.example/", "npm_config_cache": "/tmp/npm-cache",
    }  # fmt: skip


@pytest.fixture
async def house(
    open_house: OpenHouse, outside: tuple[Site, World, Any], tmp_path: Path, provider: str
) -> AsyncIterator[House]:
    _, world, authority = outside
    project = tmp_path / "project"
    project.mkdir()
    (project / "company-ca.crt").write_bytes(authority.ca.read_bytes())
    async with open_house(
        script=SCRIPT,
        provider=provider,
        environment=variables(),
        network=NetworkSettings(allowed_hosts=RULES),
        outside=world,
    ) as opened:
        yield opened


async def told(house: House, prompt: str) -> str:
    talk = await house.ask(prompt)
    results = talk.of(ToolResult)
    assert results, talk.ended
    if "refused" in prompt:
        assert [event.code for event in talk.of(Notice)].count("network_refused") >= 1
    return str(results[-1].text)


@pytest.mark.bubblewrap
@pytest.mark.parametrize("provider", ["local"])
@pytest.mark.timeout(300)
async def test_the_tools_of_a_local_sandbox(house: House) -> None:
    assert "from the index" in await told(house, "pip allowed")
    assert "from the git host" in await told(house, "git allowed")
    assert "from the registry" in await told(house, "npm allowed")
    assert "404" in await told(house, "curl allowed")
    for prompt, words in LOOK.items():
        text = await told(house, prompt)
        assert all(word in text for word in words), (prompt, text)
    assert "exit 7" in await told(house, "direct")
    lines = (house.data_dir / "audit" / "audit.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert {(record["host"], record["outcome"]) for record in records if record["kind"] == "egress"} == {
        ("index.example", "allowed"), ("git.example", "allowed"), ("npm.example", "allowed"),
        ("elsewhere.example", "denied"),
    }  # fmt: skip
    assert "sandbox_started" in {record["kind"] for record in records}


@pytest.mark.docker
@pytest.mark.parametrize("provider", ["docker"])
@pytest.mark.timeout(300)
async def test_the_tools_of_a_docker_sandbox(house: House) -> None:
    assert "from the index" in await told(house, "pip allowed")
    assert "from the git host" in await told(house, "git allowed")
    assert "Network access to elsewhere.example:443 is off" in await told(house, "pip refused")
    assert "403" in await told(house, "git refused")


@pytest.mark.bubblewrap
@pytest.mark.parametrize("provider", ["local"])
async def test_a_notebooks_own_rules_narrow_and_widen(house: House) -> None:
    async def call(action: Any, target: str = "") -> NetworkReport:
        answer = await house.manager.call(house.ref(), "network", NetworkRequest(action=action, target=target))
        assert isinstance(answer, NetworkReport)
        return answer

    assert {rule.rule for rule in (await call("list")).rules} == set(RULES)
    await call("deny", "git.example")
    assert "403" in await told(house, "git allowed")
    assert (await call("revoke", "GIT.example")).message == "git.example is no rule of this notebook any more."
    assert "from the git host" in await told(house, "git allowed")
    report = await call("allow", "python-packages")
    assert [(rule.rule, rule.source) for rule in report.rules][-1] == ("python-packages", "notebook")


def test_without_services_no_variable_is_set() -> None:
    assert network_tools.environment(()) == {}
