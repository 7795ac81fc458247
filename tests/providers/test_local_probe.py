"""The ladder of what the kernel permits. A script in front of the real bwrap plays kernels that permit less."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from jupyter_agent_host.errors import ProviderUnavailableError
from jupyter_agent_host.providers.local.bwrap_probe import LADDER, Found, look
from jupyter_agent_host.providers.local.provider import LocalProvider
from jupyter_agent_host.sandbox.spec import SandboxSpec

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.bubblewrap,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]

REFUSING = """#!/bin/sh
for argument in "$@"; do
  case "$argument" in {pattern}) echo 'bwrap: {words}' >&2; exit 1;; esac
done
exec {bwrap} "$@"
"""


def a_bwrap(folder: Path, pattern: str, words: str) -> str:
    script = folder / "bwrap"
    script.write_text(REFUSING.format(pattern=pattern, words=words, bwrap=shutil.which("bwrap")))
    script.chmod(0o755)
    return str(script)


def test_the_best_rung_is_taken() -> None:
    found = look("bwrap", (1000, 1000))
    if found.rung is None:
        pytest.skip(found.reason)
    assert found.rung in LADDER
    assert list(found.tried.values())[-1] == "works"
    assert found.version[0].isdigit()


@pytest.mark.parametrize(("pattern", "rung"), [("--disable-userns", 1), ("--proc|--disable-userns", 2)])
def test_less_is_taken_where_more_is_refused(tmp_path: Path, pattern: str, rung: int) -> None:
    found = look(a_bwrap(tmp_path, pattern, "not here"), (1000, 1000))
    assert found.rung == LADDER[rung]
    assert list(found.tried.values()) == [*["bwrap: not here"] * rung, "works"]


async def test_a_shared_proc_is_said(tmp_path: Path) -> None:
    report = await LocalProvider(bwrap=a_bwrap(tmp_path, "--proc|--disable-userns", "Cannot mount proc")).probe()
    assert report.available
    assert report.isolation is not None
    assert any("other processes can be seen" in note for note in report.isolation.notes)
    assert "bwrap: Cannot mount proc" in report.details.values()


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("No permissions to create new namespace", "seccomp=unconfined"),
        ("Creating new namespace failed: Operation not permitted", "unprivileged user namespaces"),
        ("out of cheese", "does not work here: bwrap: out of cheese"),
    ],
)
async def test_nothing_permitted_is_a_sentence_with_a_way_out(tmp_path: Path, words: str, advice: str) -> None:
    provider = LocalProvider(bwrap=a_bwrap(tmp_path, "--unshare-user", words))
    report = await provider.probe()
    assert not report.available
    assert report.isolation is None
    assert advice in report.reason
    assert report.reason.endswith(".")
    assert [report.details[rung.name] for rung in LADDER] == [f"bwrap: {words}"] * len(LADDER)
    with pytest.raises(ProviderUnavailableError, match="bwrap: "):
        await provider.create(SandboxSpec(host_id="h", notebook_id="n", session_id="s", token="t" * 32))


def test_a_bwrap_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "bwrap"
    script.write_text("#!/bin/sh\ncase $1 in --version) echo bubblewrap 0.1;; *) exec sleep 60;; esac\n")
    script.chmod(0o755)
    monkeypatch.setattr("jupyter_agent_host.providers.local.bwrap_probe._TIMEOUT_SECONDS", 0.3)
    found = look(str(script), (1000, 1000))
    assert found.rung is None
    assert "no answer within" in found.reason


async def test_a_missing_bwrap_names_the_package() -> None:
    assert look("no-such-bwrap", (1000, 1000)) == Found(
        "no-such-bwrap",
        reason="Bubblewrap is not installed: apt install bubblewrap (or dnf, apk, pacman).",
    )
    assert sys.platform == "linux"
