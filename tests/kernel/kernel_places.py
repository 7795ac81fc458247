"""An agent kernel as `jupyter execute` starts it: no server, a process as the sandbox, a script as the model."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jupyter_agent_host.kernel

SPEC = Path(jupyter_agent_host.kernel.__file__).parent / "spec"
SCRIPT: dict[str, Any] = {
    "name": "kernel",
    "rules": [
        {"when": {"prompt": "hello"}, "say": "Hello, **you**."},
        {"when": {"prompt": "total is 42"}, "say": "I was told 42."},
        {"when": {"prompt": "slowly"}, "delta_delay_seconds": 0.2, "say": "{words:300}"},
        {
            "when": {"prompt": "make a file"},
            "steps": [
                {"tools": [{"name": "Write", "input": {"file_path": "{cwd}/made.txt", "content": "made\n"}}]},
                {"say": "Then: {last_tool_result}"},
            ],
        },
    ],
    "otherwise": {"say": "You said nothing that I know."},
}


def make_places(folder: Path, **settings: Any) -> dict[str, str]:
    """Jupyter's folders below `folder`, as environment variables; no key, nothing shared with a running server."""
    config, data = folder / "config", folder / "jupyter"
    config.mkdir()
    (data / "kernels").mkdir(parents=True)
    (data / "kernels" / "agent-claude").symlink_to(SPEC, target_is_directory=True)
    script = folder / "script.json"
    script.write_text(json.dumps(SCRIPT))
    agent_host = {
        "provider": "process",
        "allow_unsandboxed": True,
        "scripted_model": str(script),
        "data_dir": str(folder / "data"),
        **settings,
    }
    (config / "jupyter_agent_host_config.json").write_text(json.dumps({"AgentHost": agent_host}))
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("ANTHROPIC_", "JUPYTER_", "JPY_"))}
    ours = {"CONFIG_DIR": config, "DATA_DIR": data, "RUNTIME_DIR": folder / "runtime"}
    return {
        **kept,
        **{f"JUPYTER_{name}": str(path) for name, path in ours.items()},
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_PLATFORM_DIRS": "1",
    }
