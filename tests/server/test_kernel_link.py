"""A link to a real kernel whose messages of a restart are lost, as IOPub loses them while a socket reconnects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from jupyter_client.manager import AsyncKernelManager

from jupyter_agent_host.errors import NotebookUnavailableError
from jupyter_agent_host.host.notebook.kernel_interface import RunRequest
from jupyter_agent_host.server.kernels.kernel_connection import KernelLink
from jupyter_agent_host.server.kernels.kernel_execution import LinkedKernel

pytestmark = pytest.mark.anyio


class WithoutRestarts(KernelLink):
    """Never receives what announces the end or the start of a process."""

    def _take_iopub(self, message: Mapping[str, Any]) -> None:
        starting = message["msg_type"] == "status" and message["content"].get("execution_state") == "starting"
        if not starting and message["msg_type"] != "shutdown_reply":
            super()._take_iopub(message)


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[AsyncKernelManager, LinkedKernel]]:
    manager = AsyncKernelManager(kernel_name="python3")
    await manager.start_kernel()
    link = WithoutRestarts(manager)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(link.run)
            await link.connected()
            yield manager, LinkedKernel(link)
            link.close()
    finally:
        await manager.shutdown_kernel(now=True)


async def test_what_runs_when_the_kernel_is_restarted_fails_though_no_message_announces_it() -> None:
    async with linked() as (manager, kernel):
        began, failures = anyio.Event(), []

        async def run() -> None:
            try:
                await kernel.execute(
                    RunRequest(code="print('began')\nimport time; time.sleep(600)"), lambda _: began.set()
                )
            except NotebookUnavailableError as err:
                failures.append(str(err))

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(run)
                await began.wait()
                await manager.restart_kernel(now=True)
        assert failures == ["The kernel died or was restarted."]
        assert (await kernel.execute(RunRequest(code="1"), lambda _: None)).status == "ok"


async def test_code_that_waits_for_another_cell_waits_for_the_next_process_to_answer() -> None:
    async with linked() as (manager, kernel):
        person = manager.client()
        person.start_channels(stdin=False, hb=False)
        try:
            person.execute("import time; time.sleep(600)")
            with anyio.fail_after(60):
                while not kernel.link.running:  # noqa: ASYNC110 - filled from status messages
                    await anyio.sleep(0.02)
                done = []

                async def run() -> None:
                    done.append(await kernel.execute(RunRequest(code="2"), lambda _: None))

                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(run)
                    await anyio.wait_all_tasks_blocked()
                    await manager.restart_kernel(now=True)
            assert [execution.status for execution in done] == ["ok"]
        finally:
            person.stop_channels()
