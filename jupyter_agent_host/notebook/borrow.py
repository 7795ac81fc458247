"""Running code in the midst of a running cell, as if another message had asked for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

_SHOWN = ("image/png", "image/jpeg")


def run_borrowed(shell: InteractiveShell, code: str, parent: Any) -> str:
    """Run code as a cell without a number; the error's name and value, or "".

    Outputs are published as caused by `parent`, a message header; figures are shown in the running cell as well, since
    whoever looks at it is the one whose kernel drew them.
    """
    header = dict(parent) if isinstance(parent, Mapping) else {}
    kernel = getattr(shell, "kernel", None)
    with _as_caused_by(shell, kernel, {"header": header, "msg_id": header.get("msg_id", ""), "metadata": {}}):
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


def _state(kernel: Any, state: str, parent: dict[str, Any]) -> None:
    kernel.session.send(kernel.iopub_socket, "status", {"execution_state": state}, parent=parent)
