"""The small host folder of one sandbox: its socket and the links to its workspace."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jupyter_agent_host.container_engine.engine_errors import PROVIDER
from jupyter_agent_host.errors import SandboxStartError
from jupyter_agent_host.image.image_layout import NONCE_NAME, SOCKET_PATH
from jupyter_agent_host.providers.docker.id_mapped_mounts import mount_as, unmount
from jupyter_agent_host.sandbox.unix_stream import check_socket_path

_PREFIX = "jah-"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SandboxFolder:
    """`path` is 0700 and short; `leaf`, which the sandbox sees, is 0777: only its parent keeps others out."""

    path: Path

    @property
    def leaf(self) -> Path:
        return self.path / "s"

    @property
    def socket(self) -> Path:
        """Where the host finds the runner's socket."""
        return self.leaf / Path(SOCKET_PATH).name

    def write_nonce(self) -> str:
        """Put a fresh secret beside the socket: who reads it inside shares this folder with us."""
        nonce = secrets.token_hex(16)
        (self.leaf / NONCE_NAME).write_text(nonce)
        return nonce

    def link(self, name: str, target: Path) -> Path:
        """A link to `target` whose own path needs no escaping in mount options, whatever the target is called."""
        link = self.path / name
        link.symlink_to(target)
        return link

    def open_place(self, name: str) -> Path:
        """An empty folder that everybody may pass through and this user alone may write to."""
        place = self.path / name
        place.mkdir()
        place.chmod(0o755)
        return place

    def show_as(self, name: str, target: Path, owner: tuple[int, int]) -> Path:
        """As `link`, with the owner of `target` appearing as `owner` (uid, gid), read-only.

        Raises:
            OSError: the kernel or the file system of `target` cannot do this; nothing was made.
        """
        place = self.path / name
        place.mkdir()
        try:
            mount_as(target, place, owner)
        except BaseException:
            place.rmdir()
            raise
        return place

    def remove(self) -> None:
        """Idempotent. Files of a foreign owner that cannot be removed are reported to the log and left.

        What is mounted inside goes first, and is read-only besides: nothing behind a mount can be removed.
        """
        if not self.path.name.startswith(_PREFIX):
            logger.warning("%s does not look like a sandbox's folder; it is left alone", self.path)
            return
        try:
            for place in self.path.iterdir():
                if place.is_dir() and not place.is_symlink():
                    unmount(place)
            shutil.rmtree(self.path)
        except FileNotFoundError:
            return
        except OSError as err:
            logger.warning("the sandbox folder %s could not be removed: %s", self.path, err)


def make_folder() -> SandboxFolder:
    """A new folder under XDG_RUNTIME_DIR, else under the temporary folder.

    Raises:
        ConfigError: the path would be too long for a unix socket.
        SandboxStartError: the folder cannot be made.
    """
    try:
        folder = SandboxFolder(Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_base())))
        folder.leaf.mkdir()
        folder.leaf.chmod(0o777)
    except OSError as err:
        raise SandboxStartError(f"No folder for the sandbox's socket can be made: {err}", provider=PROVIDER) from err
    try:
        check_socket_path(folder.socket)
    except BaseException:
        folder.remove()
        raise
    return folder


def _base() -> Path:
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    return runtime if os.access(runtime, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
