"""The layers of one host: which rung a notebook's layer gets, and who still uses it."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.disk_quota.layer_limits import Layer, LayerLimits
from jupyter_agent_host.host.disk_quota.loop_volume import Volume, why_not

logger = logging.getLogger(__name__)

_HOME, _LOCK, _IMAGE, _PLACE = "limited", "lock", "image", "v"
_PLAIN = ("copy", "upper", "private")
"""Trees of a layer without a volume, which would be lost to it."""


class Layers:
    """Safe to call from several threads; every method blocks shortly.

    A volume is mounted while anybody here uses it. Each process that has it open holds a shared lock on it, so that the
    mount of one that was killed can be told from one that is used.
    """

    def __init__(self, trials: Path, limits: LayerLimits, wanted: Literal["auto", "volume", "watch"] = "auto") -> None:
        self.limits = limits
        self._trials = trials
        self._wanted = wanted
        self._why_not: str | None = None
        self._guard = threading.Lock()
        self._open: dict[Path, _Open] = {}

    def why_no_volume(self) -> str:
        """Why layers get no volumes; "" where they do. Tried once."""
        with self._guard:
            return self._refusal()

    def acquire(self, state_dir: Path, *, crosses: bool = True) -> Layer:
        """Get ready the layer of one notebook; once for each `release`.

        Args:
            state_dir: the notebook's private folder; it exists.
            crosses: whether what this process mounts is seen by what makes the sandbox.

        Raises:
            ConfigError: a volume is demanded and cannot be had.
        """
        with self._guard:
            if state_dir not in self._open:
                self._open[state_dir] = self._opened(state_dir, crosses=crosses)
            found = self._open[state_dir]
            found.users += 1
            return found.layer

    def release(self, state_dir: Path) -> None:
        """The opposite; the last one takes the mount away, unless another process uses it."""
        with self._guard:
            found = self._open[state_dir]
            found.users -= 1
            if found.users == 0:
                del self._open[state_dir]
                if found.volume is not None:
                    _unmount_unused(found.volume, found.lock)
                found.close()

    def sweep(self, parent: Path) -> list[Path]:
        """Take away the mounts of processes that were killed, below the folder of all notebooks' private folders."""
        swept = []
        for home in sorted(parent.glob(f"*/{_HOME}")):
            volume = Volume(home / _IMAGE, home / _PLACE)
            if volume.mounted:
                with self._guard, _locked(home / _LOCK) as lock:
                    if _unmount_unused(volume, lock):
                        swept.append(home.parent)
        return swept

    def _opened(self, state_dir: Path, *, crosses: bool) -> _Open:
        refusal = self._refusal()
        if not refusal and not crosses:
            refusal = "the engine does not see what this server mounts"
        home = state_dir / _HOME
        if not refusal and not (home / _IMAGE).exists() and any((state_dir / name).exists() for name in _PLAIN):
            refusal = "it was begun without one"
        if not refusal:
            try:
                return self._with_volume(home)
            except OSError as err:
                refusal = str(err)
        if self._wanted == "volume":
            raise ConfigError(f"AgentHost.workspace_limit is volume, but the workspace cannot get one: {refusal}.")
        logger.info("the layer in %s has no volume: %s", state_dir, refusal)
        return _Open(Layer(state_dir, state_dir, "watch", self.limits))

    def _with_volume(self, home: Path) -> _Open:
        home.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(home / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH)
            volume = Volume(home / _IMAGE, home / _PLACE)
            volume.mount(self.limits)
        except BaseException:
            os.close(lock)
            raise
        return _Open(Layer(home, home / _PLACE, "volume", self.limits), volume, lock)

    def _refusal(self) -> str:
        if self._wanted == "watch":
            return "AgentHost.workspace_limit is watch"
        if self._why_not is None:
            self._why_not = why_not(self._trials)
        return self._why_not


@dataclass
class _Open:
    layer: Layer
    volume: Volume | None = None
    lock: int = -1
    users: int = 0

    def close(self) -> None:
        if self.lock >= 0:
            os.close(self.lock)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield lock
    finally:
        os.close(lock)


def _unmount_unused(volume: Volume, lock: int) -> bool:
    """Whether it is gone: not while another process has it open."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return volume.unmount()
