"""What a checkpoint costs: 10 changed files in a workspace of 1 GB, beside the same collect without keeping anything.

    python tests/bench/bench_checkpoint.py [--folder PATH]

The folder decides: on one file system with the data folder old files are kept by a second name, else by a copy
(`--elsewhere PATH` puts the kept files there).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

from jupyter_agent_host.host.review.checkpoints import Checkpoints
from jupyter_agent_host.host.settings import WorkspaceSettings
from jupyter_agent_host.host.workspace import WorkspaceRequest, plan_workspace
from jupyter_agent_host.host.workspace.files.file_backups import Keeper
from jupyter_agent_host.sandbox.spec import ProviderReport
from jupyter_agent_host.store.journal.checkpoint_store import Decisions
from jupyter_agent_host.store.journal.journal import Journal

FILES, FILE_BYTES, CHANGED, ROUNDS = 1024, 1024**2, 10, 5


def fill(folder: Path) -> None:
    """1 GB in 1024 files."""
    for number in range(FILES):
        place = folder / f"part{number % 32:02}"
        place.mkdir(exist_ok=True)
        (place / f"{number:04}.bin").write_bytes(os.urandom(64) * (FILE_BYTES // 64))


async def measure(folder: Path, state: Path, kept: Path | None, journal: Journal) -> tuple[list[float], list[float]]:
    """Seconds of each round's collect, and of writing its checkpoint."""
    keeper = Keeper(kept, 1024**3) if kept is not None else None
    report = ProviderReport("bench", available=True, reason="", file_owner=(os.geteuid(), os.getegid()))
    settings = WorkspaceSettings(max_copy_bytes=4 * 1024**3)
    workspace = plan_workspace(WorkspaceRequest(settings, folder, state, report, (), "nb.ipynb", keeper))
    mount = await workspace.prepare()
    checkpoints = Checkpoints("bench", Decisions(journal), keeper or Keeper(state, 1), 1024**3, 1e9)
    collects, writes = [], []
    for number in range(ROUNDS):
        for changed in range(CHANGED):
            path = mount.source / f"part{changed:02}" / f"{changed:04}.bin"  # type: ignore[union-attr]
            path.write_bytes(os.urandom(64) * (FILE_BYTES // 64 - number))
        await asyncio.sleep(0.1)
        began = time.perf_counter()
        collected = await workspace.collect()
        collects.append(time.perf_counter() - began)
        assert len(collected.files) == CHANGED
        began = time.perf_counter()
        await checkpoints.put_files(f"turn{number}{kept is not None}", "s", collected)
        await checkpoints.trim()
        writes.append(time.perf_counter() - began)
    return collects, writes


async def run(folder: Path, elsewhere: Path | None) -> None:
    """Print the figures."""
    project = folder / "project"
    project.mkdir()
    fill(project)
    async with await Journal.open(folder / "data" / "journal.sqlite") as journal:
        bare, _ = await measure(project, folder / "bare", None, journal)
        full, writes = await measure(project, folder / "kept-state", (elsewhere or folder) / "kept", journal)
    print(f"collect of {CHANGED} changed files among {FILES} (1 GB), median of {ROUNDS}:")
    print(f"  without keeping  {statistics.median(bare) * 1000:7.1f} ms")
    print(f"  with keeping     {statistics.median(full) * 1000:7.1f} ms")
    print(f"  checkpoint rows  {statistics.median(writes) * 1000:7.1f} ms")
    cost = statistics.median(full) - statistics.median(bare) + statistics.median(writes)
    print(f"  checkpoint costs {cost * 1000:7.1f} ms (aim: under 300)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where to make the workspace; default: a temporary folder")
    parser.add_argument("--elsewhere", type=Path, help="where kept files go, such as a folder of another file system")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        asyncio.run(run(Path(folder), arguments.elsewhere))


if __name__ == "__main__":
    main()
