"""What pip installs into the image: the runner's libraries as this distribution asks for them, and the agent's own."""

from __future__ import annotations

import re
from importlib.metadata import distribution, requires, version

from jupyter_agent_host.errors import ConfigError

SDK = "claude-agent-sdk"
RUNNER_LIBRARIES = ("anyio", "msgspec", "starlette", "uvicorn", "websockets")
AGENT_LIBRARIES = ("matplotlib", "numpy", "pandas")

_NAME = re.compile(r"^[A-Za-z0-9._-]+")


def runner_requirements() -> tuple[str, ...]:
    """The SDK, pinned to the host's own version, and the runner's libraries within our declared ranges."""
    declared = {_name(line): line for line in requires("jupyter-agent-host") or () if ";" not in line}
    return (f"{SDK}=={version(SDK)}", *(declared[name] for name in RUNNER_LIBRARIES))


def host_version() -> str:
    """Version of this distribution, and so of the runner that goes into the image."""
    return version("jupyter-agent-host")


def sdk_version() -> str:
    """Version of the SDK on this host, which the image gets too."""
    return version(SDK)


def cli_version() -> str:
    """Version of the CLI that the SDK bundles, read without importing the SDK.

    Raises:
        ConfigError: the installed SDK does not say.
    """
    source = str(distribution(SDK).locate_file("claude_agent_sdk/_cli_version.py"))
    with open(source, encoding="utf-8") as file:  # noqa: PTH123 - locate_file gives a path-like of no fixed class
        found = re.search(r'__cli_version__\s*=\s*"([^"]+)"', file.read())
    if not found:
        raise ConfigError(f"{source} does not name the version of the bundled CLI.")
    return found.group(1)


def _name(requirement: str) -> str:
    found = _NAME.match(requirement)
    return found.group().lower().replace("_", "-") if found else ""
