"""What an SDK and its CLI send, and how that differs from what the gateway lets through: for moving the pin.

    python tests/upgrade/record_sdk.py                      the SDK of this environment
    python tests/upgrade/record_sdk.py --python OTHER/bin/python     the one of another environment

The other environment needs only claude-agent-sdk; the options are those of the runner. A scripted model answers. A JSON
object is printed: versions, betas, headers, body fields, tools and the environment of the agent's shell, as seen, and
under `refused` what the gateway would refuse or leave out. Exit code 1 if a field or a request would be refused.
"""

# ruff: noqa: T201 - a script, no package; it prints

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_agent_host.host.gateway.gateway_refusal import Refusal
from jupyter_agent_host.host.gateway.model.credential_headers import ALLOWED_BETAS, allowed_betas
from jupyter_agent_host.host.gateway.model.request_policy import ALLOWED_FIELDS, check_request
from jupyter_agent_host.protocol.control import SessionOptions
from jupyter_agent_host.protocol.runner_start import RunnerStart
from jupyter_agent_host.runner.sdk.sdk_options import sdk_options
from jupyter_agent_host.scripted_model import ScriptedModel, running_scripted_model

MODELS = ("claude-fable-5-2", "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-haiku-4-5")

SCRIPT = {
    "rules": [
        {"when": {"prompt": "SUBTASK"}, "think": "part", "say": "part done"},
        {
            "when": {"prompt": "work"},
            "steps": [
                {
                    "think": "first",
                    "tools": [{"name": "Bash", "input": {"command": "env -0 | tr '\\n' ' ' | tr '\\0' '\\n'"}}],
                },
                {
                    "tools": [
                        {
                            "name": "Agent",
                            "input": {"description": "part", "prompt": "SUBTASK", "subagent_type": "general-purpose"},
                        }
                    ]
                },
                {"say": "done"},
            ],
        },
        {"say": "ok"},
    ]
}

CLIENT = """
import asyncio, json, sys
import claude_agent_sdk as sdk
given = json.loads(sys.stdin.read())
async def main():
    for model in given["models"]:
        async def allow(name, arguments, context):
            return sdk.PermissionResultAllow()
        options = sdk.ClaudeAgentOptions(**given["options"], model=model, can_use_tool=allow)
        async with sdk.ClaudeSDKClient(options) as client:
            for prompt in ("work", "again"):
                await client.query(prompt)
                async for message in client.receive_response():
                    pass
            await client.get_context_usage()
    print(json.dumps({"sdk": sdk.__version__}))
asyncio.run(main())
"""


def record(python: str, folder: Path) -> dict[str, Any]:
    """Run the same conversation with each model through the SDK of that interpreter."""
    (folder / "w").mkdir()
    with running_scripted_model(SCRIPT) as model:
        options = _options(folder, model.url)
        done = subprocess.run(
            [python, "-c", CLIENT],
            input=json.dumps({"models": MODELS, "options": options}),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode:
            sys.exit(f"{python}: {done.stderr[-2000:]}")
        return {**json.loads(done.stdout.splitlines()[-1]), **_seen(model)}


def _options(folder: Path, url: str) -> dict[str, Any]:
    """The runner's own options, without what only the runner can make."""
    start = RunnerStart(
        token="t" * 40,
        socket_path="",
        require_outside_peer=False,
        workdir=str(folder / "w"),
        config_dir=str(folder / "c"),
    )
    options = sdk_options(
        SessionOptions(system_prompt="You are an agent."),
        session_id="",
        resume=False,
        start=start,
        way_out_port=1,
        store=None,  # type: ignore[arg-type] - left out below
        can_use_tool=None,  # type: ignore[arg-type]
        hooks={},
        host_tools={},
        stderr=print,
    )
    wanted = ("max_turns", "permission_mode", "system_prompt", "tools", "disallowed_tools", "skills", "setting_sources")
    also = ("strict_mcp_config", "verbatim_prompts", "include_partial_messages", "thinking", "cwd")
    env = {name: value for name, value in options.env.items() if not name.lower().endswith("_proxy")}
    chosen = {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}
    return {name: chosen[name] for name in (*wanted, *also)} | {"env": {**env, "ANTHROPIC_BASE_URL": url}}


def _seen(model: ScriptedModel) -> dict[str, Any]:
    requests = [request for request in model.requests if isinstance(request.body, dict)]
    betas = {beta.strip() for one in requests for beta in one.headers.get("anthropic-beta", "").split(",") if beta}
    fields = {field for one in requests for field in one.body}
    refused = {reason for one in requests if (reason := _refusal(one.body, one.headers.get("anthropic-beta", "")))}
    shell = next(
        (one.conversation.last_tool_result for one in requests if one.conversation and one.conversation.step == 1), ""
    )
    return {
        "user_agents": sorted({one.headers.get("user-agent", "") for one in requests}),
        "paths": sorted({f"{one.path}?{one.query}" for one in model.requests}),
        "headers": sorted({name for one in requests for name in one.headers}),
        "betas": sorted(betas),
        "fields": sorted(fields),
        "thinking": sorted({json.dumps(one.body.get("thinking")) for one in requests}),
        "content": sorted(_kinds([one.body.get("messages") for one in requests])),
        "tools": sorted({tool.get("name", "") for one in requests for tool in one.body.get("tools") or []}),
        "environment": sorted({line.partition("=")[0] for line in shell.splitlines() if "=" in line}),
        "refused": {
            "betas left out": sorted(betas - ALLOWED_BETAS),
            "fields": sorted(fields - ALLOWED_FIELDS),
            "requests": sorted(refused),
        },
    }


def _refusal(body: dict[str, Any], betas: str) -> str:
    passed = allowed_betas([betas.encode()]).decode().split(",")
    try:
        check_request(body, allowed_models=("claude-*",), allowed_features=(), betas=passed)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def _kinds(value: Any) -> set[str]:
    if isinstance(value, list):
        return {kind for item in value for kind in _kinds(item)}
    if isinstance(value, dict):
        own = {value["type"]} if isinstance(value.get("type"), str) else set()
        return own | _kinds(value.get("content"))
    return set()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seen = record(arguments.python, Path(folder))
    print(json.dumps(seen, indent=1))
    return 1 if seen["refused"]["fields"] or seen["refused"]["requests"] else 0


if __name__ == "__main__":
    sys.exit(main())
