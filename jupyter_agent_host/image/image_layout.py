"""Where things lie inside the sandbox image. The Dockerfile, the builder and the docker provider agree on these."""

from __future__ import annotations

from jupyter_agent_host.sandbox.spec import HOME

RUNNER_PYTHON = "/opt/agent-host/bin/python"
"""The runner's own interpreter; started isolated (`-I`), so that no file of the workspace is ever imported."""

RUNNER_COMMAND = (RUNNER_PYTHON, "-I", "-m", "jupyter_agent_host.runner")
RELAY_COMMAND = (RUNNER_PYTHON, "-I", "-m", "jupyter_agent_host.runner.relay")

AGENT_PYTHON = "/opt/python/bin/python"
"""The agent's own interpreter, with numpy, pandas and matplotlib."""

AGENT_PATH = "/opt/python/bin:/usr/local/bin:/usr/bin:/bin"
"""PATH of the agent: its own Python (numpy, pandas, matplotlib) first."""

SOCKET_DIR = "/run/agent-host"
SOCKET_PATH = f"{SOCKET_DIR}/runner.sock"
NONCE_NAME = ".nonce"

LABEL_RECIPE = "io.jupyter.agent-host.recipe"
"""Digest of all that went into an image; equal digests mean that nothing needs to be built."""

LABEL_STAGE = "io.jupyter.agent-host.stage"
"""Marks the throw-away stage of a build, which has seen the person's package index settings."""

BASE_ENVIRONMENT = {
    "PATH": AGENT_PATH,
    "HOME": HOME,
    "TMPDIR": "/tmp",  # noqa: S108 - inside the sandbox, a tmpfs of its own
    "LANG": "C.UTF-8",
    "USER": "agent",
    "LOGNAME": "agent",
}
"""What the provider itself must set; uids without a passwd entry need HOME and USER spelled out."""
