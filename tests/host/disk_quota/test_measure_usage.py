"""What lies in a layer is counted whatever the sandbox does there: links, depth, closed folders, a great many files."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_agent_host.host.disk_quota import LayerLimits
from jupyter_agent_host.host.disk_quota.measure_usage import measure
from jupyter_agent_host.host.workspace.files.remove_tree import remove_tree

MIB = 1024**2
WIDE = LayerLimits(1 << 60, 1 << 60)


def nothing() -> None:
    """What a caller that is never cancelled checks."""


def test_bytes_on_the_disk_and_names_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "data").write_bytes(b"\xa5" * MIB)
    with (tmp_path / "sparse").open("wb") as handle:
        handle.truncate(1 << 40)
    use = measure([tmp_path, tmp_path / "not there"], WIDE, nothing)
    assert use.files == 4
    assert MIB <= use.size_bytes < 2 * MIB


def test_links_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "data").write_bytes(b"\xa5" * MIB)
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "link").symlink_to(tmp_path / "elsewhere")
    (layer / "round").symlink_to(layer)
    use = measure([layer], WIDE, nothing)
    assert use.files == 2
    assert use.size_bytes < MIB


def test_folders_deeper_than_any_path_are_counted_to_the_bottom(tmp_path: Path) -> None:
    place = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deep", dir_fd=place)
        below = os.open("deep", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    with os.fdopen(os.open("data", os.O_WRONLY | os.O_CREAT, dir_fd=place), "wb") as handle:
        handle.write(b"\xa5" * MIB)
    (tmp_path / "beside").write_bytes(b"\xa5" * MIB)
    use = measure([tmp_path], WIDE, nothing)
    os.close(place)
    remove_tree(tmp_path / "deep")  # pytest itself could not
    assert not (tmp_path / "deep").exists()
    assert use.files == 1502
    assert use.size_bytes >= 2 * MIB


def test_a_folder_closed_to_its_owner_is_opened_up(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "data").write_bytes(b"\xa5" * MIB)
    (tmp_path / "closed").chmod(0)
    assert measure([tmp_path], WIDE, nothing).size_bytes >= MIB
    (tmp_path / "closed").chmod(0o700)


def test_counting_ends_at_the_limit(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / str(number)).touch()
    limits = LayerLimits(1 << 60, 10)
    use = measure([tmp_path], limits, nothing)
    assert use.files == 11
    assert use.passes(limits)
