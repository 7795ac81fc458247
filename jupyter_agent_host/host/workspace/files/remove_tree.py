"""Remove private state, whatever modes the sandbox left in it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path


def remove_tree(folder: Path) -> None:
    """Remove all of it. Idempotent.

    An overlay's work folder may belong to the engine, closed to this user; it holds nothing of anybody's and stays.

    Raises:
        OSError: something else cannot be removed.
    """

    def opened_up(function: Callable[..., object], path: str, error: BaseException) -> None:
        place = Path(path)
        if isinstance(error, FileNotFoundError) or _engines(folder, place):
            return
        place.parent.chmod(0o700)
        if not place.is_symlink() and place.is_dir():
            place.chmod(0o700)
            shutil.rmtree(place)
        else:
            function(path)

    if folder.exists():
        try:
            shutil.rmtree(folder, onerror=lambda function, path, info: opened_up(function, path, info[1]))
        except RecursionError:  # nested deeper than Python follows; a program that does not recurse
            subprocess.run(["/bin/rm", "-rf", "--", str(folder)], check=False, capture_output=True)


def _engines(folder: Path, place: Path) -> bool:
    """Whether it is an overlay's inner work folder that cannot be opened, or lies around such a one."""
    inner = [*folder.glob("work/work"), *folder.glob("earlier-*/work/work")]
    return any(place == path or place in path.parents for path in inner)
