"""What the kernel's tools cost: a call from the CLI to the kernel and back, beside a bare execution in the same kernel.

Run `python tests/bench/bench_kernel_tools.py`. CLI, runner, host and kernel are real; the model's words are scripted.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
import nbformat
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.services.sessions.sessionmanager import SessionManager
from nbformat.v4 import new_notebook

from jupyter_agent_host.host.api.manager import Manager
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.assembly import open_host
from jupyter_agent_host.host.notebook.kernel_interface import RunRequest
from jupyter_agent_host.host.notebook.notebook_access import NoNotebooks
from jupyter_agent_host.host.settings import Credential, GatewaySettings, HostSettings
from jupyter_agent_host.protocol.events import ToolResult, TurnEnded
from jupyter_agent_host.protocol.host_api import EventsRequest, PromptAccepted, PromptRequest
from jupyter_agent_host.scripted_model import ScriptedModel
from jupyter_agent_host.server.documents.notebook_paths import NotebookPaths
from jupyter_agent_host.server.kernels.notebook_kernels import NotebookKernels, ServerKernel

CALLS = 20
ROUNDS = 3
RUN = {"tools": [{"name": "mcp__notebook__run_code", "input": {"code": "x = 1"}}]}
LOOK = {"tools": [{"name": "mcp__notebook__list_variables", "input": {}}]}
SCRIPT = {
    "rules": [
        {"when": {"prompt": "run"}, "steps": [*[RUN] * CALLS, {"say": "done"}]},
        {"when": {"prompt": "look"}, "steps": [*[LOOK] * CALLS, {"say": "done"}]},
    ],
    "otherwise": {"say": "done"},
}


class _Access(NoNotebooks):
    available = True

    def __init__(self, kernels: NotebookKernels) -> None:
        self._kernels = kernels

    def kernel(self, path: str) -> ServerKernel:
        return self._kernels.kernel(path)


async def turn(manager: Manager, path: Path, prompt: str) -> list[int]:
    """The milliseconds that the CLI says each call of a turn took."""
    accepted = await manager.call(NotebookRef(path=str(path)), "prompt", PromptRequest(prompt=prompt, origin="panel"))
    assert isinstance(accepted, PromptAccepted)
    took = []
    wanted = EventsRequest(after=accepted.after, turn_id=accepted.turn_id)
    async for record in manager.events(accepted.notebook_id, wanted):
        if isinstance(record.event, ToolResult):
            assert not record.event.is_error, record.event.text
            took.append(record.event.duration_ms)
        if isinstance(record.event, TurnEnded):
            assert record.event.status == "completed", record.event
    return took


async def timed(count: int, work: Any) -> float:
    """Median milliseconds."""
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        await work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds) * 1000


async def bare_execute(kernels: AsyncMappingKernelManager, kernel_id: str) -> float:
    """One execution over a plain client, to its reply."""
    client = kernels.get_kernel(kernel_id).client()
    client.start_channels(hb=False)
    try:
        await client.wait_for_ready(timeout=60)

        async def once() -> None:
            wanted = client.execute("x = 1", store_history=False)
            while (await client.get_shell_msg())["parent_header"]["msg_id"] != wanted:
                continue

        return await timed(CALLS * ROUNDS, once)
    finally:
        client.stop_channels()


async def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="bench-kernel-") as name:
        folder = Path(name)
        path = folder / "a.ipynb"
        nbformat.write(new_notebook(), path)
        kernels = AsyncMappingKernelManager(root_dir=name)
        sessions = SessionManager(kernel_manager=kernels, contents_manager=AsyncLargeFileManager(root_dir=name))
        notebooks = NotebookKernels(kernels, sessions, NotebookPaths(name))
        async with anyio.create_task_group() as tasks, ScriptedModel(SCRIPT) as model:
            tasks.start_soon(notebooks.serve)
            upstream = GatewaySettings(base_url=model.url, credential=Credential("api_key", "sk"), label="scripted")
            settings = HostSettings(
                data_dir=folder / "data", provider="process", allow_unsandboxed=True, gateway=upstream
            )
            async with open_host(settings, notebooks=_Access(notebooks)) as manager:
                kernel = notebooks.kernel(str(path))
                status = await kernel.start()
                await turn(manager, path, "warm up")
                ran = [ms for _ in range(ROUNDS) for ms in await turn(manager, path, "run")]
                looked = [ms for _ in range(ROUNDS) for ms in await turn(manager, path, "look")]
                bare = await bare_execute(kernels, status.kernel_id)
                line = await timed(CALLS, lambda: kernel.execute(RunRequest("x = 1"), lambda _message: None))
                look = await timed(CALLS, lambda: kernel.look({"op": "variables"}))
            tasks.cancel_scope.cancel()
        await kernels.shutdown_all()
    run, seen = statistics.median(ran), statistics.median(looked)
    print(f"bare execute in the kernel: {bare:.1f} ms")
    print(f"execute over the host's line: {line:.1f} ms ({line / bare:.1f} x bare); a look: {look:.1f} ms")
    print(
        f"run_code, as the CLI measures it (CLI, runner, host, kernel and back): {run:.0f} ms ({run / bare:.1f} x bare)"
    )
    print(f"list_variables, as the CLI measures it: {seen:.0f} ms ({seen / bare:.1f} x bare)")


if __name__ == "__main__":
    anyio.run(main)
