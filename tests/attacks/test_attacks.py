"""What an attacker's program tries from inside real sandboxes.

Each attempt works outside in the same run, or is said not to count. After each class the neighbour's agent and the
server answer as before.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import report
from field import KEY, Field, Result, make_folder, parse, run_outside
from judges import RESOURCES, WORKSPACE, Judge, judge
from laid_out import a_process_with_the_key

from jupyter_agent_host.host.disk_quota.loop_volume import why_not

pytestmark = [pytest.mark.timeout(600)]


def compare(
    field: Field,
    program: str,
    outside: dict[str, Result],
    inside: dict[str, Result],
    left_out: frozenset[str] = frozenset(),
) -> None:
    """Every attempt is refused inside, for a reason of its own; and everybody else is well."""
    report.enter(program, field.kind, outside, inside)
    assert set(inside) == {name for name, _ in report.attempts(program)} - left_out
    broken = [result for result in (*outside.values(), *inside.values()) if result.said.startswith("BROKEN")]
    assert broken == []
    field.check_neighbour()
    known = {*report.OPEN, *(report.GVISORS_OWN if field.kind == "runsc" else ())}
    assert [result for result in inside.values() if result.got and result.name not in known] == []


def test_the_kernel(attacked: Field) -> None:
    compare(attacked, "kernel", attacked.outside("kernel"), attacked.attack("kernel"))


def test_the_network(attacked: Field) -> None:
    compare(attacked, "network", attacked.outside("network"), attacked.attack("network"))


def test_files(attacked: Field) -> None:
    disk = Path("/").stat().st_dev
    packages = [entry for entry in sys.path if "-packages" in entry]
    neighbours = attacked.root / "neighbour" / "mine.txt"
    neighbours.write_text("canary")
    more: dict[str, Any] = {
        "neighbours_file": str(neighbours),
        "journal": str(attacked.journal_file),
        "home_entries": [str(path) for path in Path.home().iterdir() if not Path(sys.base_prefix).is_relative_to(path)],
        "packages": packages,
        "disk": [os.major(disk), os.minor(disk)],
    }
    outside = attacked.outside("files", **more, descriptor_of="/usr")
    compare(attacked, "files", outside, attacked.attack("files", **more))


def test_the_gateways_rules(attacked: Field) -> None:
    """Every host is allowed by name here: what is refused is refused for where it leads, or for how it is asked."""
    naive = {"way_out": f"http://127.0.0.1:{attacked.given['port']}"}
    compare(attacked, "smuggling", attacked.outside("smuggling", **naive), attacked.attack("smuggling"))


def test_credentials(attacked: Field) -> None:
    token = attacked.token("attacker")
    journals = [str(path) for path in attacked.data_dir.glob("journal*")]
    more = {
        "backwards": [KEY[::-1]],
        "token_mark": token[::-1],
        "journals": journals,
        "notebook_secret": str(attacked.data_dir.parent / "jupyter" / "notebook_secret"),
        "seconds": 25,
    }
    attacked.http.post("api/sessions", json=NOTEBOOK_SESSION).raise_for_status()
    hidden = attacked.post(f"notebooks/{attacked.ids['attacker']}/status", {})["hiddenFiles"]
    assert {".env", "deep/er/.env.production", "SERVER.PEM", ".Aws"} <= set(hidden)
    with a_process_with_the_key():
        outside = attacked.outside("hunting", **more, folder=".")
        inside = attacked.attack("hunting", **more, folder="/workspace")
    compare(attacked, "hunting", outside, inside)


NOTEBOOK_SESSION = {
    "path": "neighbour/attack.ipynb",
    "name": "attack.ipynb",
    "type": "notebook",
    "kernel": {"name": "python3"},
}


def test_the_workspace(attacked: Field, tmp_path: Path) -> None:
    compare(attacked, "workspace", *laid(attacked, "workspace", WORKSPACE, tmp_path, linger=True))


def laid(
    field: Field, program: str, judges: dict[str, Judge], tmp_path: Path, *, linger: bool, **more: Any
) -> tuple[dict[str, Result], dict[str, Result]]:
    """Traps laid outside and inside, and what became of them in the two folders; `linger`: after races."""
    victims = {name: tmp_path / f"victim-{name}" for name in ("outside", "inside")}
    for victim in victims.values():
        victim.mkdir()
    given = {**field.given, **more, "notebook": "attack.ipynb"}
    folder = tmp_path / "folder"
    make_folder(folder)
    outside = parse(run_outside(program, {**given, "victim": str(victims["outside"])}, folder))
    inside = field.attack(program, **more, notebook="attack.ipynb", victim=str(victims["inside"]))
    if linger:
        field.ask("attacker", "RUN sleep 4")  # the races are over, and once more all is copied that would be
    return (
        judge(outside, judges, folder, {**given, "victim": victims["outside"]}),
        judge(inside, judges, field.folder, {**given, "victim": victims["inside"]}),
    )


def test_speaking_as_somebody_else(attacked: Field, tmp_path: Path) -> None:
    if attacked.kind == "runsc":
        pytest.skip("gVisor: its runner is reached by relays, and no socket of it is on this machine to be attacked")
    mine, neighbours = (attacked.runner_socket(attacked.token(name)) for name in ("attacker", "neighbour"))
    more: dict[str, Any] = {
        "token": attacked.token("attacker"),
        "neighbours_token": attacked.token("neighbour"),
        "neighbours_socket": str(neighbours),
        "neighbours_pid": os.getpid(),
        "server_port": int(attacked.server.url.rstrip("/").rpartition(":")[2]),
        "server_token": attacked.server.token,
    }
    decoy = tmp_path / "door"
    decoy.touch()
    outside = attacked.outside("protocol", **more, socket_here=str(mine), socket_to_replace=str(decoy))
    compare(attacked, "protocol", outside, attacked.attack("protocol", **more))


def test_more_than_its_share(attacked: Field, tmp_path: Path) -> None:
    more: dict[str, Any] = {
        "pids": 300,
        "memory": 1100,
        "processors": 1.4,
        "files": 9000,
        "disk": 500,
        "sparse": 1_000_000,
        "inodes": 30_000,
        "log": "flood.log",
        "seconds": 15,
    }
    if attacked.kind == "runsc":
        end_a_sandbox_of_gvisors(attacked, more)
        return
    left_out = frozenset() if not why_not(tmp_path) else STOPPED_FOR
    more["only"] = [name for name, _ in report.attempts("resources") if name not in left_out]
    outside, inside = laid(attacked, "resources", RESOURCES, tmp_path, linger=False, **more)
    kept = attacked.log_bytes()
    inside["fill_the_log"] = Result("fill_the_log", got=kept > FLOOD_BYTES, said=f"{kept} bytes are kept")
    compare(attacked, "resources", outside, inside, left_out)


def end_a_sandbox_of_gvisors(field: Field, more: dict[str, Any]) -> None:
    """At the limit of processes, gVisor ends with all that is in it: the attacker's sandbox, and nobody else's."""
    given = shlex.quote(json.dumps({**more, "only": ["fork_bomb", "threads"]}))
    ended = field.turn("attacker", f"RUN python3 attacks/resources.py {given}")[-1]
    assert ended["errorCode"] in ("", "sandbox_gone"), ended
    field.check_neighbour()
    assert field.ask("attacker", "are you back?") == "Scripted: are you back?"


STOPPED_FOR = frozenset({"fill_the_workspace", "use_up_inodes"})
"""Where a workspace can have no file system of its own, the whole sandbox is stopped for these instead:
that is `tests/host/disk_quota/test_disk_limit.py`."""

FLOOD_BYTES = 16_000_000


def test_the_models_api(attacked: Field) -> None:
    """The last one: it uses up what the notebook may ask in a minute."""
    more: dict[str, Any] = {"cli": CLI, "seconds": 45}
    direct = {"way_out": attacked.model.url, "key": KEY, "any_path": f"http://127.0.0.1:{attacked.given['port']}"}
    environment = {"PATH": os.environ["PATH"], "HOME": attacked.given["homes"][0], "IS_SANDBOX": "1"}
    environment |= {"ANTHROPIC_BASE_URL": attacked.model.url, "ANTHROPIC_API_KEY": KEY}
    requests = attacked.requests()
    outside = seen(attacked, lambda: attacked.outside("model_api", **more, **direct, cli_environment=environment))
    outside["second_agent"] = replace(outside["second_agent"], got=attacked.requests() == requests)
    inside = seen(attacked, lambda: attacked.attack("model_api", **more))
    assert inside["second_agent"].got, "an agent may start another, as long as it is on the bill"
    billed = attacked.requests() - requests
    inside["second_agent"] = Result("second_agent", got=billed < 2, said=f"{billed} requests on the notebook's bill")
    compare(attacked, "model_api", outside, inside)


CLI = [f"{Path(sys.prefix)}/lib/python3.*/site-packages/claude_agent_sdk/_bundled/claude"[1:]]
CLI += ["opt/agent-host/lib/python3.*/site-packages/claude_agent_sdk/_bundled/claude"]


def test_enough_attempts_count(attacked: Field) -> None:
    """At least sixty of those that this kind of sandbox refused work outside, and so say something."""
    mine = {place: row for place, row in report.ROWS.items() if attacked.kind in row.inside}
    not_here = {"user", "rogue", *(("protocol", "resources") if attacked.kind == "runsc" else ())}
    if {program for program, _ in mine} < set(report.PROGRAMS) - not_here:
        pytest.skip("not all classes of attempts were run")
    counted = [place for place, row in mine.items() if row.outside.got and not row.inside[attacked.kind].got]
    assert len(counted) >= 60, counted


def seen(field: Field, run: Callable[[], dict[str, Result]]) -> dict[str, Result]:
    """A program's results; whether the beta feature got through is looked up where it would have arrived."""
    before = len(field.model.requests)
    results = run()
    arrived = any("mcp-client" in sent.headers.get("anthropic-beta", "") for sent in field.model.requests[before:])
    results["beta_features"] = replace(results["beta_features"], got=arrived)
    return results
