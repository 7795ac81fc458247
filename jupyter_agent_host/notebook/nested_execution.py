"""Running code in the midst of a running cell, as if another message had asked for it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

_SHOWN = ("image/png", "image/jpeg", "image/svg+xml")


def run_borrowed(shell: InteractiveShell, code: str, parent: Any) -> str:
    """Run code as a cell without a number; the error's name and value, or "".

    Outputs are published as caused by `parent`, a message header; figures are shown in the running cell as well, since
    whoever looks at it is the one whose kernel drew them.
    """
    header = dict(parent) if isinstance(parent, Mapping) else {}
    kernel = getattr(shell, "kernel", None)
    parent = {"header": header, "msg_id": header.get("msg_id", ""), "metadata": {}}
    with _as_caused_by(shell, kernel, parent), _asking_nobody(kernel), _awaiting_by_itself(shell):
        result = shell.run_cell(code, store_history=False, silent=False)  # type: ignore[no-untyped-call]
    error = result.error_before_exec or result.error_in_exec
    return "" if error is None else f"{type(error).__name__}: {error}"


@contextmanager
def _as_caused_by(shell: Any, kernel: Any, parent: dict[str, Any]) -> Iterator[None]:
    if kernel is None:
        yield
        return
    before = shell.parent_header

    def show_figures(message: dict[str, Any]) -> dict[str, Any]:
        if message["msg_type"] == "display_data":
            data = {kind: value for kind, value in message["content"]["data"].items() if kind in _SHOWN}
            if data:
                content = {"data": {**data, "text/plain": "<figure>"}, "metadata": {}, "transient": {}}
                kernel.session.send(kernel.iopub_socket, "display_data", content, parent=before)
        return message

    shell.set_parent(parent)
    shell.display_pub.register_hook(show_figures)
    _state(kernel, "busy", parent)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        shell.display_pub.unregister_hook(show_figures)
        _state(kernel, "idle", parent)
        shell.set_parent(before)


@contextmanager
def _asking_nobody(kernel: Any) -> Iterator[None]:
    """As in the kernel's queue, where code of the agent's has no `input()`: whoever is asked would not know by whom."""
    if kernel is None:
        yield
        return
    before, kernel._allow_stdin = kernel._allow_stdin, False  # noqa: SLF001 - each request sets it
    try:
        yield
    finally:
        kernel._allow_stdin = before  # noqa: SLF001


@contextmanager
def _awaiting_by_itself(shell: Any) -> Iterator[None]:
    """Code that awaits gets a loop of its own, since the kernel's is busy with the waiting cell."""
    before, shell.loop_runner = shell.loop_runner, _run_in_own_loop
    try:
        yield
    finally:
        shell.loop_runner = before


def _run_in_own_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    outer = asyncio._get_running_loop()  # noqa: SLF001 - made for those who run loops
    asyncio._set_running_loop(None)  # noqa: SLF001
    try:
        with asyncio.Runner() as runner:
            return runner.run(coroutine)
    finally:
        asyncio._set_running_loop(outer)  # noqa: SLF001
        asyncio.set_event_loop(outer)


def _state(kernel: Any, state: str, parent: dict[str, Any]) -> None:
    kernel.session.send(kernel.iopub_socket, "status", {"execution_state": state}, parent=parent)
