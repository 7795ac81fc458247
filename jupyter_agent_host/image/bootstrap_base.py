"""A base image from Debian packages, for machines that reach no container registry."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from docker import APIClient

from jupyter_agent_host.container_engine.engine_errors import PROVIDER, translated
from jupyter_agent_host.errors import ImageBuildError

REPOSITORY = "jupyter-agent-host-base"
SUITE = "bookworm"
PACKAGES = ("ca-certificates", "curl", "git", "less", "procps", "python3", "python3-pip", "python3-venv", "ripgrep")

_MINUTES = 15
_CHUNK = 1024 * 1024


def base_tag() -> str:
    """Name of the bootstrapped base; it changes with the recipe, so an image of that name need not be made again."""
    recipe = hashlib.sha256("\n".join((SUITE, *PACKAGES)).encode()).hexdigest()
    return f"{REPOSITORY}:{SUITE}-{recipe[:12]}"


def ensure_base(client: APIClient, progress: Callable[[str], None]) -> str:
    """Make the base image unless the engine has it, and return its name.

    Raises:
        ImageBuildError: mmdebstrap is missing or failed, or the engine refused the result.
    """
    tag = base_tag()
    with translated("list its images"):
        if client.images(name=tag):
            progress(f"Base image {tag} is there already.")
            return tag
    with tempfile.TemporaryDirectory(prefix="agent-host-base-") as folder:
        tarball = Path(folder) / "base.tar"
        _run_mmdebstrap(tarball, progress)
        progress("Importing the base image.")
        with translated("import the base image"), tarball.open("rb") as stream:
            # docker-py announces chunked transfer; requests chunks an iterator, but not a file. Podman reads no
            # tag but the repository's.
            client.import_image_from_stream(iter(lambda: stream.read(_CHUNK), b""), repository=tag)
    return tag


def _run_mmdebstrap(tarball: Path, progress: Callable[[str], None]) -> None:
    program = shutil.which("mmdebstrap")
    if program is None:
        raise ImageBuildError("--bootstrap needs mmdebstrap: apt-get install mmdebstrap", provider=PROVIDER)
    progress(f"Making a base image of Debian {SUITE} with mmdebstrap (about a minute).")
    command = [program, "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(tarball)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_MINUTES * 60)
    except subprocess.TimeoutExpired as err:
        raise ImageBuildError(f"mmdebstrap took over {_MINUTES} minutes.", provider=PROVIDER) from err
    if done.returncode:
        raise ImageBuildError(f"mmdebstrap failed: {done.stderr.strip()[-1500:]}", provider=PROVIDER)
