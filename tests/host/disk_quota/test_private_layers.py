"""Layers with a file system of their own: what does not fit is refused by the kernel, and nothing is left mounted."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.disk_quota import LayerLimits, Layers, limits_for
from jupyter_agent_host.host.disk_quota.loop_volume import Volume

MIB = 1024**2
LIMITS = LayerLimits(16 * MIB, 300)

HOLDER = """
import sys, time
from pathlib import Path
from jupyter_agent_host.host.disk_quota import LayerLimits, Layers
layers = Layers(Path(sys.argv[1]), LayerLimits(16 * 1024**2, 300))
layer = layers.acquire(Path(sys.argv[2]))
(layer.folder / "mine").write_text("mine")
print("open", flush=True)
time.sleep(600)
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    place = tmp_path / "workspaces" / "notebook"
    place.mkdir(parents=True)
    return place


@pytest.fixture
def layers(volumes: None, tmp_path: Path) -> Layers:
    return Layers(tmp_path, LIMITS)


def make_files(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / str(number)).touch()


def attached(state: Path) -> str:
    """Loop devices that have the layer's image."""
    told = subprocess.run(
        ["losetup", "-n", "-O", "NAME", "-j", str(state / "limited" / "image")],
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


def test_no_more_bytes_fit_than_were_set(layers: Layers, state: Path) -> None:
    layer = layers.acquire(state)
    try:
        with pytest.raises(OSError, match=re.escape(f"[Errno {errno.ENOSPC}]")):
            (layer.folder / "big").write_bytes(b"\xa5" * (20 * MIB))
        assert (layer.folder / "big").stat().st_size > 8 * MIB, "most of it is the agent's"
        (layer.state / "notes").write_text("the host's own notes lie elsewhere")
    finally:
        layers.release(state)


def test_no_more_files_fit_than_were_set(layers: Layers, state: Path) -> None:
    layer = layers.acquire(state)
    try:
        with pytest.raises(OSError, match=re.escape(f"[Errno {errno.ENOSPC}]")):
            make_files(layer.folder, 1000)
        make_files(layer.folder, 100)
    finally:
        layers.release(state)


def test_it_is_mounted_while_somebody_uses_it_and_keeps_what_is_in_it(layers: Layers, state: Path) -> None:
    layer = layers.acquire(state)
    assert layers.acquire(state) == layer
    (layer.folder / "kept").write_text("kept")
    layers.release(state)
    assert os.path.ismount(layer.folder)
    layers.release(state)
    assert not os.path.ismount(layer.folder)
    assert attached(state) == ""
    assert layers.acquire(state) == layer
    assert (layer.folder / "kept").read_text() == "kept"
    layers.release(state)


def test_what_a_killed_server_left_mounted_is_taken_away_and_what_a_living_one_uses_is_not(
    layers: Layers, state: Path, tmp_path: Path
) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path), str(state)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        try:
            assert other.stdout.readline() == b"open\n"
            assert layers.sweep(state.parent) == []
            layer = layers.acquire(state)
            assert (layer.folder / "mine").read_text() == "mine", "two servers see one file system"
            layers.release(state)
            assert os.path.ismount(layer.folder), "the other one still uses it"
        finally:
            other.send_signal(signal.SIGKILL)
    assert layers.sweep(state.parent) == [state]
    assert not os.path.ismount(layer.folder)
    assert attached(state) == ""
    assert layers.sweep(state.parent) == []


def test_our_own_layers_in_use_are_not_swept(layers: Layers, state: Path) -> None:
    layer = layers.acquire(state)
    assert layers.sweep(state.parent) == []
    assert os.path.ismount(layer.folder)
    layers.release(state)


def test_another_limit_holds_from_the_next_mount_on(layers: Layers, state: Path, tmp_path: Path) -> None:
    layer = layers.acquire(state)
    (layer.folder / "kept").write_text("kept")
    layers.release(state)
    for size in (48 * MIB, 24 * MIB):
        changed = Layers(tmp_path, LayerLimits(size, 300))
        layer = changed.acquire(state)
        found = os.statvfs(layer.folder)
        assert size * 0.7 < found.f_blocks * found.f_frsize <= size
        assert (layer.folder / "kept").read_text() == "kept"
        changed.release(state)


def test_a_damaged_image_is_moved_aside_and_the_layer_watched(layers: Layers, state: Path) -> None:
    layer = layers.acquire(state)
    layers.release(state)
    image = state / "limited" / "image"
    with image.open("r+b") as handle:
        for place in range(0, 16 * MIB, 65536):
            handle.seek(place)
            handle.write(b"\xff" * 65536)
    layer = layers.acquire(state)
    layers.release(state)
    assert layer.rung == "watch"
    assert [path.name[:8] for path in image.parent.glob("damaged-*")] == ["damaged-"]
    layer = layers.acquire(state)
    layers.release(state)
    assert layer.rung == "volume", "the next time begins a fresh one"


def test_a_layer_that_was_begun_without_a_volume_keeps_its_files(layers: Layers, state: Path) -> None:
    (state / "private").mkdir()
    layer = layers.acquire(state)
    layers.release(state)
    assert (layer.rung, layer.folder) == ("watch", state)


def test_an_engine_that_does_not_see_our_mounts_gets_a_plain_folder(layers: Layers, state: Path) -> None:
    layer = layers.acquire(state, crosses=False)
    layers.release(state)
    assert layer.rung == "watch"


def test_a_volume_that_is_demanded_and_cannot_be_had_is_an_error(volumes: None, state: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="workspace_limit"):
        Layers(tmp_path, LIMITS, "volume").acquire(state, crosses=False)


def test_the_watch_can_be_asked_for(state: Path, tmp_path: Path) -> None:
    layers = Layers(tmp_path, LIMITS, "watch")
    assert layers.acquire(state).rung == "watch"
    layers.release(state)


def test_the_mount_takes_neither_devices_nor_set_user_id_programs(layers: Layers, state: Path) -> None:
    layer = layers.acquire(state)
    try:
        flags = os.statvfs(layer.folder).f_flag
        assert flags & os.ST_NOSUID
        assert flags & os.ST_NODEV
    finally:
        layers.release(state)


def test_limits_have_room_for_files_as_ext4_would(tmp_path: Path) -> None:
    assert limits_for(5 * 1024**3) == LayerLimits(5 * 1024**3, 327680)
    assert limits_for(MIB).max_files == 1024


def test_a_volume_is_unmounted_once_only(volumes: None, tmp_path: Path) -> None:
    volume = Volume(tmp_path / "image", tmp_path / "v")
    volume.mount(LIMITS)
    assert volume.unmount()
    assert volume.unmount()
