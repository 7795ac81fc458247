"""A server whose agent's model is scripted to call the kernel tools, and a person who answers its questions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from server_lab import Kernel, Lab, LabMaker

from jupyter_agent_host.scripted_model import ScriptedModel, running_scripted_model

SAY = {"say": "{last_tool_result}"}


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """A scripted step that calls a tool of the notebook."""
    return {"tools": [{"name": f"mcp__notebook__{tool}", "input": arguments}]}


def rule(pattern: str, *steps: dict[str, Any]) -> dict[str, Any]:
    """These tool calls one after another, then the last result in words."""
    return {"when": {"prompt_regex": rf"(?s)^\s*{pattern}"}, "steps": [*steps, SAY]}


SCRIPT = {
    "name": "kernel tools",
    "rules": [
        rule("RUN (.*)$", call("run_code", code="{group:1}")),
        rule("BESIDE (.*)$", call("run_code", code="{group:1}", beside=True, deadline_seconds=1)),
        rule("LATER (.*)$", call("run_code", code="{group:1}", wait_seconds=0)),
        rule("AWAIT (.*)$", call("run_code", code="{group:1}", wait_seconds=0), call("wait_for_job", job_id="j1")),
        rule(
            "STOP (.*)$",
            call("run_code", code="{group:1}", wait_seconds=1),
            call("interrupt_kernel"),
            call("kernel_status"),
        ),
        rule(r"CELLS (\w+) (\w+)", call("run_cells", cells=[{"cell_id": "{group:1}", "revision": "{group:2}"}])),
        rule(
            r"BEGIN (\w+) (\w+)",
            call("run_cells", cells=[{"cell_id": "{group:1}", "revision": "{group:2}"}], wait_seconds=0.5),
        ),
        rule(r"POLL (\w+)", call("wait_for_job", job_id="{group:1}", wait_seconds=0)),
        rule("LOOK", call("list_variables")),
        rule(r"DESCRIBE (\S+)", call("describe", name="{group:1}")),
        rule("STATUS", call("kernel_status")),
        rule("INTERRUPT", call("interrupt_kernel")),
        rule("RESTART", call("restart_kernel")),
        rule(r"CALL &(\w+)", call("call_function", name="{group:1}", arguments={"month": "May", "top": 2})),
        {"when": {"prompt": "Note from the notebook's host"}, "say": "Heard of it."},
    ],
    "otherwise": {"say": "Nothing to do."},
}


@dataclass(frozen=True)
class Turn:
    """One turn as its events told it."""

    events: list[dict[str, Any]]

    @property
    def text(self) -> str:
        return str(self.events[-1]["event"]["text"])

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [one["event"] for one in self.events if one["event"]["kind"] == "permission_asked"]


@dataclass(frozen=True)
class Rig:
    """The server and its model."""

    lab: Lab
    model: ScriptedModel

    def turn(self, path: str, prompt: str, *, allow: bool = True) -> Turn:
        """One turn from the panel; every question is answered alike."""
        notebook_id = self.lab.open(path)["notebookId"]
        accepted = self.lab.http.post(
            f"agent-host/notebooks/{notebook_id}/prompt", json={"prompt": prompt, "origin": "panel"}
        ).json()
        return self.follow(notebook_id, accepted["after"], accepted["turnId"], allow=allow)

    def follow(self, notebook_id: str, after: int, turn_id: str = "", *, allow: bool = True) -> Turn:
        """The events of one turn; of the next one that ends, without an id."""
        events: list[dict[str, Any]] = []
        request = {"after": after, "turnId": turn_id}
        with self.lab.http.stream("POST", f"agent-host/notebooks/{notebook_id}/events", json=request) as stream:
            for line in stream.iter_lines():
                if not line.strip():
                    continue
                events.append(json.loads(line))
                event = events[-1]["event"]
                if event["kind"] == "permission_asked":
                    answer = {"requestId": event["requestId"], "decision": "allow" if allow else "deny"}
                    self.lab.http.post(f"agent-host/notebooks/{notebook_id}/answer", json=answer)
                if event["kind"] == "turn_ended":
                    break
        return Turn(events)

    def ask_always(self, path: str) -> None:
        """Have the person asked about every run, risky or not."""
        notebook_id = self.lab.open(path)["notebookId"]
        answer = self.lab.http.post(f"agent-host/notebooks/{notebook_id}/notebook_mode", json={"mode": "ask"})
        assert answer.status_code == 200, answer.text

    def images_sent(self) -> list[dict[str, Any]]:
        """Image blocks that the model was sent."""
        return [block for request in self.model.messages for block in _images(request.body)]


def _images(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.get("type") == "image":
            yield value
        for item in value.values():
            yield from _images(item)
    elif isinstance(value, list):
        for item in value:
            yield from _images(item)


@contextmanager
def rig(make_lab: LabMaker, config: dict[str, Any] | None = None, root: Path | None = None) -> Iterator[Rig]:
    """A server with a model of its own."""
    with pytest.MonkeyPatch.context() as patch, running_scripted_model(SCRIPT) as model:
        patch.setenv("ANTHROPIC_BASE_URL", model.url)
        patch.setenv("ANTHROPIC_API_KEY", "sk-scripted")
        traits = {"AgentHost": {"scripted_model": "", "allow_key_unsandboxed": True}, **(config or {})}
        with make_lab(traits, root) as lab:
            yield Rig(lab, model)


@contextmanager
def connected(kernel: Kernel) -> Iterator[BlockingKernelClient]:
    """A page's connection to a kernel."""
    client = BlockingKernelClient(connection_file=kernel.connection_file)
    client.load_connection_file()
    client.start_channels(hb=False)  # a kernel that is busy starting misses beats
    try:
        client.wait_for_ready(timeout=60)
        while client.shell_channel.msg_ready():
            client.get_shell_msg(timeout=1)
        yield client
    finally:
        client.stop_channels()


def run_cell(kernel: Kernel, code: str, *, reply: str = "y") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run a cell as a page does, answering what it asks; its reply and its outputs."""
    outputs: list[dict[str, Any]] = []
    with connected(kernel) as client:
        answered = client.execute_interactive(
            code,
            timeout=90,
            allow_stdin=True,
            stdin_hook=lambda _message: client.input(reply),
            output_hook=outputs.append,
        )
    content: dict[str, Any] = answered["content"]
    return content, outputs
