"""Turns in notebook cells, driven by a kernel client as a front end drives a kernel, with the time of each moment."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel
from measure_server import DELTA_PROMPT, SLOW_PROMPT, Server

TURN_SECONDS = 90.0
numbers = itertools.count(1)
Record = Callable[[str, float], None]


@dataclass(frozen=True)
class Times:
    """Milliseconds of one cell.

    Attributes:
        first: from sending the execute request to the first text of the answer on IOPub; 0 if no text was waited for.
        idle: from sending it to the kernel's idle status.
        idle_at: when the idle status came, on the clock of `time.perf_counter`, in seconds.
    """

    first: float
    idle: float
    idle_at: float


@dataclass(frozen=True)
class Limits:
    """At most `turns` warm turns, and no further one once `seconds` have passed; three in any case."""

    turns: int
    seconds: float

    def numbers(self) -> Iterator[int]:
        began = time.monotonic()
        for number in range(self.turns):
            if number >= min(3, self.turns) and time.monotonic() - began > self.seconds:
                return
            yield number


class Cell:
    """One kernel, seen from a front end."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def run(
        self, code: str, *, until: str = "", on_text: Callable[[], None] | None = None, may_fail: bool = False
    ) -> Times:
        """Run a cell to the kernel's idle status. `until` is a text of the answer; `on_text` is called when it shows.

        Raises:
            RuntimeError: the cell failed, or the text did not show; says what the cell showed.
        """
        content = {
            "code": code, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True,
        }  # fmt: skip
        message = self.client.session.msg("execute_request", content, metadata={"cellId": "cell-1"})
        first, shown = 0.0, ""
        began = time.perf_counter()
        self.client.shell_channel.send(message)
        while True:
            output = self.client.get_iopub_msg(timeout=TURN_SECONDS)
            now = time.perf_counter()
            if output["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            text = text_of(output)
            shown = text or shown
            if until and not first and until in text:
                first = now - began
                if on_text is not None:
                    on_text()
            if output["msg_type"] == "status" and output["content"]["execution_state"] == "idle":
                break
        reply = self._reply(message["header"]["msg_id"])
        if reply["status"] != "ok" and not may_fail:
            raise RuntimeError(f"The cell failed: {reply.get('ename')}: {reply.get('evalue')} {shown[-300:]}")
        if until and not first:
            raise RuntimeError(f"{until!r} did not show in the cell, which showed: {shown[-300:]!r}")
        return Times(1000 * first, 1000 * (now - began), now)

    def _reply(self, request_id: str) -> dict[str, Any]:
        while True:
            message = self.client.get_shell_msg(timeout=TURN_SECONDS)
            if message["parent_header"].get("msg_id") == request_id:
                content: dict[str, Any] = message["content"]
                return content

    def turn(self, prefix: str = "%%agent\n") -> Times:
        """One short turn with an answer that no other turn has."""
        number = next(numbers)
        return self.run(f"{prefix}bench: turn {number}", until=f"Answer{number} ")

    def deltas(self, prefix: str = "%%agent\n") -> Times:
        return self.run(f"{prefix}{DELTA_PROMPT}", until="word")

    def interrupted(self, interrupt: Callable[[], None], prefix: str = "%%agent\n") -> float:
        """A slow turn, interrupted half a second after its first text; milliseconds from the request to idle."""
        sent: list[float] = []

        def work() -> None:
            sent.append(time.perf_counter())
            interrupt()

        timer = threading.Timer(0.5, work)
        times = self.run(f"{prefix}{SLOW_PROMPT}", until="Slowwords", on_text=timer.start, may_fail=True)
        ended = times.idle_at
        timer.join()
        if not sent or ended < sent[0]:
            raise RuntimeError("The slow turn ended before it was interrupted.")
        return 1000 * (ended - sent[0])


def text_of(message: dict[str, Any]) -> str:
    """All text that an IOPub message shows, "" for other messages."""
    content = message["content"]
    if message["msg_type"] == "stream":
        return str(content["text"])
    if message["msg_type"] in ("display_data", "update_display_data"):
        return "\n".join(str(content["data"].get(kind, "")) for kind in ("text/plain", "text/markdown"))
    return "\n".join(content["traceback"]) if message["msg_type"] == "error" else ""


@contextmanager
def server_kernel(server: Server, http: httpx.Client, path: str, kernel: str) -> Iterator[tuple[Cell, str]]:
    """A kernel that the server starts for a notebook, connected; its id."""
    wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": kernel}}
    session = http.post("api/sessions", json=wanted).raise_for_status().json()
    kernel_id = session["kernel"]["id"]
    client = BlockingKernelClient(connection_file=str(server.runtime / f"kernel-{kernel_id}.json"))
    client.load_connection_file()
    client.start_channels(hb=False)
    try:
        client.wait_for_ready(timeout=TURN_SECONDS)
        yield Cell(client), kernel_id
    finally:
        client.stop_channels()
        http.delete(f"api/sessions/{session['id']}").raise_for_status()


def measure_cell(server: Server, limits: Limits, record: Record) -> None:
    """One notebook of a server that is long up: every figure of `%%agent`."""
    path = server.notebook(f"cell{next(numbers)}.ipynb")
    with server.client() as http, server_kernel(server, http, path, "python3") as (cell, kernel_id):
        record("load_ext", cell.run("%load_ext jupyter_agent_host").idle)
        _record_turn(record, "cell.cold", cell.turn())
        for _ in limits.numbers():
            _record_turn(record, "cell.warm", cell.turn())
        _record_turn(record, "cell.deltas", cell.deltas())
        record("cell.interrupt", cell.interrupted(lambda: _interrupt(server, kernel_id)))
        server.stop_sandbox(http, path)
        _record_turn(record, "cell.resume", cell.turn())
        server.stop_sandbox(http, path)


def measure_agent_kernel(server: Server, limits: Limits, record: Record) -> None:
    """A notebook whose kernel is the agent: each cell is a prompt."""
    path = server.notebook(f"kernel{next(numbers)}.ipynb")
    with server.client() as http, server_kernel(server, http, path, "agent-claude") as (cell, _):
        _record_turn(record, "kernel.cold", cell.turn(""))
        for _ in limits.numbers():
            _record_turn(record, "kernel.warm", cell.turn(""))
        server.stop_sandbox(http, path)


def measure_in_process(environ: dict[str, str], folder: Path, limits: Limits, record: Record) -> None:
    """A kernel without a server, as `jupyter execute` starts it: the host lives in the kernel's own process."""
    folder.mkdir(parents=True, exist_ok=True)
    manager, client = start_new_kernel(
        startup_timeout=int(TURN_SECONDS), kernel_name="python3", cwd=str(folder), env=environ
    )
    try:
        cell = Cell(client)
        cell.run("%load_ext jupyter_agent_host")
        _record_turn(record, "inprocess.cold", cell.turn())
        for _ in limits.numbers():
            _record_turn(record, "inprocess.warm", cell.turn())
        cell.run("%agent stop")
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def _record_turn(record: Record, name: str, times: Times) -> None:
    record(f"{name}.first", times.first)
    record(f"{name}.end", times.idle)


def _interrupt(server: Server, kernel_id: str) -> None:
    with server.client() as http:
        http.post(f"api/kernels/{kernel_id}/interrupt").raise_for_status()
