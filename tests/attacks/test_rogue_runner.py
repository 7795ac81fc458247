"""An attacker's program in the runner's place: it gains nothing beyond its own notebook, and breaks nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import report
from field import Field, Result
from laid_out import a_field

from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.sandbox.spec import ProviderReport

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

PROGRAM = Path(__file__).parent / "inside" / "rogue.py"
TWO_RUNNERS = """
if [ -e /workspace/rogue-here ]; then exec /opt/agent-host/bin/python -I /rogue/rogue.py
else exec /opt/agent-host/bin/python -I -m jupyter_agent_host.runner; fi
"""
ALLOWED = {"replayed": 1, "money_back": 1}
"""How often the mark may arrive where it is about the rogue's own turn."""

GROWTH_BYTES = 300_000_000


@pytest.fixture(scope="module")
def rogue(reports: dict[str, ProviderReport], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """A field where the attacker's next sandbox has the rogue for a runner; the neighbour's runner is ours."""
    if not reports["docker"].available:
        pytest.skip(f"docker: {reports['docker'].reason}")
    docker = {
        "extra_create_kwargs": {"entrypoint": ["/bin/sh", "-c", TWO_RUNNERS]},
        "extra_host_config": {"binds": {str(PROGRAM.parent): {"bind": "/rogue", "mode": "ro"}}},
        "environment": {"ROGUE_PROTOCOL": str(PROTOCOL_VERSION)},
    }
    with a_field("docker", tmp_path_factory.mktemp("rogue"), provider_settings={"docker": docker}) as field:
        field.post(f"notebooks/{field.ids['attacker']}/stop", {})
        (field.folder / "rogue-here").touch()
        yield field


def test_a_runner_that_is_the_attackers_own(rogue: Field) -> None:
    neighbour = rogue.post("open", {"path": "neighbour/attack.ipynb"})["sessionId"]
    cost = rogue.post(f"notebooks/{rogue.ids['attacker']}/cost", {})["costUsd"]
    kept = rogue.journal("SELECT count(*) FROM events WHERE notebook_id = ?", rogue.ids["neighbour"])
    known = f"NOTEBOOK {rogue.ids['attacker']}. SESSION {neighbour}"
    rogue.turn("attacker", f"ATTACK honest. {known}", new=True)
    assert arrivals(rogue, "honest") == 1, "an honest event arrives, so a forged one could"
    memory = server_memory(rogue)
    inside = {}
    for name, _ in report.attempts("rogue"):
        events = rogue.turn("attacker", f"ATTACK {name}. {known}")
        assert events[-1]["kind"] == "turn_ended", name
        count = arrivals(rogue, name)
        inside[name] = Result(name, got=count > ALLOWED.get(name, 0), said=f"arrived {count} times")
    grown = server_memory(rogue) - memory
    assert rogue.journal("SELECT count(*) FROM events WHERE notebook_id = ?", rogue.ids["neighbour"]) == kept
    outside = {name: Result(name, got=True, said="honest events of this program arrive") for name in inside}
    report.enter("rogue", "docker", outside, inside)
    rogue.check_neighbour()
    assert [result for result in inside.values() if result.got] == []
    assert grown < GROWTH_BYTES
    assert rogue.post(f"notebooks/{rogue.ids['attacker']}/cost", {})["costUsd"] == cost, (
        "only the gateway's ledger counts"
    )


def arrivals(field: Field, name: str) -> int:
    """In how many events and transcript entries the attack's mark is, in the whole journal. Prompts name no mark."""
    mark = f"FORGED-{name}".encode()
    events = field.journal("SELECT count(*) FROM events WHERE instr(body, ?)", mark)[0][0]
    return int(events) + int(field.journal("SELECT count(*) FROM entries WHERE instr(body, ?)", mark)[0][0])


def server_memory(field: Field) -> int:
    """Resident memory of the Jupyter server, in bytes."""
    status = Path(f"/proc/{server_pid(field)}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def server_pid(field: Field) -> int:
    """Of the server itself, as its own runtime file says."""
    return next(
        int(path.stem.removeprefix("jpserver-"))
        for path in Path(field.given["runtime"]).glob("jpserver-*.json")
        if path.stem != "jpserver"
    )
