"""What is done over a line to a kernel: code in the main shell or a subshell, looks, interrupts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import anyio

from jupyter_agent_host.errors import NotebookUnavailableError
from jupyter_agent_host.host.notebook.kernel_interface import Execution, Interrupted, KernelStatus, OnOutput, RunRequest
from jupyter_agent_host.host.notebook.waiting_cell import WaitingCell
from jupyter_agent_host.protocol.kernel_work import KernelWorkDone
from jupyter_agent_host.server.kernels.inspector_bootstrap import ANSWER_TYPE, boot_code, target_name
from jupyter_agent_host.server.kernels.kernel_connection import KernelExchange, KernelLink, Message

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0
_BOOT_SECONDS = 10.0
_STOP_SECONDS = 3.0
_CONTROL_SECONDS = 10.0
_MAX_STUCK = 3
_BUSY = (
    "The kernel is busy and has no subshells (ipykernel 7 has), so it cannot be looked into before it is idle again."
)
_STUCK = "The kernel did not answer a look in time; something in it holds on to the interpreter. Try again later."

AGENT_KERNEL = "jupyter-agent-host"
"""The implementation that `kernel.AgentKernel` says it is."""


class LinkedKernel:
    """What is done over one `KernelLink`. State is kept per process of the kernel: a restart begins anew."""

    def __init__(self, link: KernelLink) -> None:
        self.link = link
        self._opened: tuple[int, bool] = (-1, False)
        self._look_shell = ""
        self._stuck = 0
        self._beside: dict[str, str] = {}
        self._booting = anyio.Lock()

    @property
    def subshells(self) -> bool:
        return "kernel subshells" in self.link.info.get("supported_features", ())

    @property
    def language(self) -> str:
        """Of the code that tools run. The agent kernel takes theirs for Python, though its cells are prose."""
        if self.link.info.get("implementation") == AGENT_KERNEL:
            return "python"
        return str(self.link.info.get("language_info", {}).get("name", ""))

    def status(self, kernel_id: str, name: str) -> KernelStatus:
        code, since = next(iter(self.link.running.values()), ("", time.monotonic()))
        return KernelStatus(
            kernel_id=kernel_id,
            name=name,
            language=self.language,
            state="busy" if self.link.busy else "idle",
            running=code,
            running_seconds=time.monotonic() - since,
            beside=self.subshells,
            variables=self.language == "python",
        )

    async def execute(self, request: RunRequest, on_output: OnOutput) -> Execution:
        """See `NotebookKernel.execute`."""
        if request.place == "beside":
            return await self._execute_beside(request, on_output)
        if request.through is not None:
            return await self._execute_through(request.through, request, on_output)
        await self.link.revived()
        # What is in the kernel's queue cannot be taken back, so a run that is called off must not be there yet.
        while self.link.busy:
            while self.link.busy:  # noqa: ASYNC110 - the kernel tells by status messages, which `busy` sums up
                await anyio.sleep(0.02)
            await self.link.revived()  # the process may have been replaced meanwhile, and has to answer first
        exchange = self._send(request, on_output)
        try:
            return _execution(await exchange.done())
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(_STOP_SECONDS, shield=True):
                if exchange.message_id in self.link.running:
                    await self.link.manager.interrupt_kernel()
                    await exchange.done()
            raise
        finally:
            self.link.forget(exchange)

    async def _execute_through(self, cell: WaitingCell, request: RunRequest, on_output: OnOutput) -> Execution:
        header = self.link.new_header("execute_request")
        exchange = self.link.expect(header["msg_id"], on_output)
        try:
            done: KernelWorkDone | None = None
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_cancel_at_failure, exchange, tasks.cancel_scope)
                done = await cell.carry_out("run", code=request.code, parent=header)
                tasks.cancel_scope.cancel()
            if done is None:
                raise NotebookUnavailableError(exchange.failure)
            with anyio.move_on_after(_STOP_SECONDS):  # the last outputs come another way than the word that it is done
                await exchange.idle.wait()
            return Execution(done.status, error=done.error[:1000])
        finally:
            self.link.forget(exchange)

    def _send(self, request: RunRequest, on_output: OnOutput, subshell_id: str | None = None) -> KernelExchange:
        content = {
            "code": request.code,
            "silent": False,
            "store_history": request.store_history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        metadata = {"cellId": request.cell_id} if request.cell_id else {}
        return self.link.send(
            "shell", "execute_request", content, subshell_id=subshell_id, on_output=on_output, metadata=metadata
        )

    async def _execute_beside(self, request: RunRequest, on_output: OnOutput) -> Execution:
        if not self.subshells:
            raise NotebookUnavailableError("This kernel cannot run code beside a cell; run it in the main queue.")
        subshell_id = await self._create_subshell()
        exchange = self._send(request, on_output, subshell_id)
        self._beside[subshell_id] = request.code.strip().partition("\n")[0][:80]
        try:
            with anyio.move_on_after(request.deadline_seconds) as deadline:
                return _execution(await exchange.done())
            stopped = await self._stop(subshell_id, exchange)
            after = f"after its deadline of {request.deadline_seconds:g} s"
            if deadline.cancelled_caught and stopped:
                return Execution("aborted", error=f"Stopped {after}.")
            return Execution("aborted", error=f"Told to stop {after}, and goes on: only a restart would end it.")
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._stop(subshell_id, exchange)
            raise
        finally:
            self.link.forget(exchange)
            with anyio.CancelScope(shield=True):
                await self._end_beside(subshell_id, exchange)

    async def _stop(self, subshell_id: str, exchange: KernelExchange) -> bool:
        """Raise in the subshell's thread; whether its code ended soon after."""
        try:
            await self.look({"op": "stop_thread", "name": f"subshell-{subshell_id}"})
        except NotebookUnavailableError as err:
            logger.info("code beside a cell could not be told to stop: %s", err)
        with anyio.move_on_after(_STOP_SECONDS):
            await exchange.idle.wait()
        return exchange.idle.is_set()

    async def _end_beside(self, subshell_id: str, exchange: KernelExchange) -> None:
        if exchange.idle.is_set():
            self._beside.pop(subshell_id, None)
            await self._control("delete_subshell_request", {"subshell_id": subshell_id})

    async def look(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """See `NotebookKernel.look`."""
        if self.language != "python":
            language = self.language or "unknown"
            raise NotebookUnavailableError(
                f"Variables are not available here: the kernel's language is {language}, and only Python kernels can"
                " be looked into. Run code that prints what you want to know."
            )
        if not self.subshells and self.link.busy:
            raise NotebookUnavailableError(_BUSY)
        async with self._booting:
            await self._open_door()
        answers: list[dict[str, Any]] = []
        exchange = self._ask_door(request, _collector(answers))
        try:
            with anyio.move_on_after(_LOOK_SECONDS):
                await exchange.idle.wait()
        finally:
            self.link.forget(exchange)
        if answers:
            return answers[0]
        if exchange.failure:
            raise NotebookUnavailableError(exchange.failure)
        self._stuck, self._look_shell = self._stuck + 1, ""
        raise NotebookUnavailableError(_STUCK)

    def _ask_door(self, request: Mapping[str, Any], on_output: Callable[[Message], None]) -> KernelExchange:
        content = {"comm_id": self.link.new_header("comm_open")["msg_id"], "target_name": target_name()}
        return self.link.send(
            "shell",
            "comm_open",
            {**content, "data": dict(request)},
            subshell_id=self._look_shell or None,
            on_output=on_output,
        )

    async def _open_door(self) -> None:
        """Bring the looking code into this process of the kernel, once, and have a subshell to look from."""
        await self.link.revived()
        if self._opened[0] != self.link.generation:
            self._opened, self._look_shell, self._stuck = (self.link.generation, False), "", 0
            self._beside.clear()
        if self._stuck >= _MAX_STUCK:
            raise NotebookUnavailableError("Looks into this kernel got stuck again and again; restart it.")
        if self.subshells and not self._look_shell:
            self._look_shell = await self._create_subshell()
        if self._opened[1]:
            return
        content = {
            "code": boot_code(),
            "silent": True,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        exchange = self.link.send("shell", "execute_request", content, subshell_id=self._look_shell or None)
        try:
            with anyio.fail_after(_BOOT_SECONDS):
                reply = await exchange.done()
        except TimeoutError as err:
            self._look_shell = ""
            raise NotebookUnavailableError(_STUCK) from err
        finally:
            self.link.forget(exchange)
        if reply.get("status") != "ok":
            reason = f"{reply.get('ename', '')}: {reply.get('evalue', '')}"[:200]
            raise NotebookUnavailableError(f"This kernel's variables cannot be looked into ({reason}).")
        self._opened = (self.link.generation, True)

    async def interrupt(self) -> Interrupted:
        """See `NotebookKernel.interrupt`."""
        was_busy = self.link.busy
        if was_busy:
            await self.link.manager.interrupt_kernel()
            with anyio.move_on_after(_STOP_SECONDS):
                while self.link.busy:  # noqa: ASYNC110 - the kernel tells by status messages, which `busy` sums up
                    await anyio.sleep(0.02)
        for subshell_id in list(self._beside):
            await self.look({"op": "stop_thread", "name": f"subshell-{subshell_id}"})
        with anyio.move_on_after(_STOP_SECONDS):
            while self._beside:  # noqa: ASYNC110 - ended by the tasks that run it
                await anyio.sleep(0.02)
        left = [f"beside: {code}" for code in self._beside.values()]
        if self.link.busy:
            left.insert(0, "the running cell")
        return Interrupted(stopped=was_busy and not self.link.busy, left=tuple(left))

    async def _create_subshell(self) -> str:
        reply = await self._control("create_subshell_request", {})
        if reply.get("status") != "ok" or not reply.get("subshell_id"):
            raise NotebookUnavailableError("The kernel did not make a subshell.")
        return str(reply["subshell_id"])

    async def _control(self, kind: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        exchange = self.link.send("control", kind, content)
        try:
            with anyio.fail_after(_CONTROL_SECONDS):
                await exchange.replied.wait()
        except TimeoutError as err:
            raise NotebookUnavailableError("The kernel does not answer on its control channel.") from err
        finally:
            self.link.forget(exchange)
        if exchange.reply is None:
            raise NotebookUnavailableError(exchange.failure)
        found: Mapping[str, Any] = exchange.reply["content"]
        return found


async def _cancel_at_failure(exchange: KernelExchange, scope: anyio.CancelScope) -> None:
    await exchange.replied.wait()
    if exchange.failure:
        scope.cancel()


def _collector(answers: list[dict[str, Any]]) -> Callable[[Message], None]:
    def take(message: Message) -> None:
        data = message["content"].get("data", {})
        if message["msg_type"] == "display_data" and isinstance(data.get(ANSWER_TYPE), dict):
            answers.append(data[ANSWER_TYPE])

    return take


def _execution(content: Mapping[str, Any]) -> Execution:
    status = content.get("status")
    count = content.get("execution_count")
    error = f"{content.get('ename', '')}: {content.get('evalue', '')}"[:1000] if status == "error" else ""
    known: Literal["ok", "error", "aborted"] = status if status in ("ok", "error") else "aborted"
    return Execution(known, execution_count=count if isinstance(count, int) else None, error=error)
