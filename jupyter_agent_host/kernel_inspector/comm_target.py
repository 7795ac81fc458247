"""Where requests come in: a comm target.

Opening a comm runs nothing of IPython's, so that no hook of a cell's end (matplotlib shows and closes figures in one)
is set off while a cell is half done.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable
from typing import Any

from . import functions, thread_stop, variables
from .static_attributes import MISSING, attribute, names_of, plain, type_name

ANSWER_TYPE = "application/vnd.jupyter-agent-host.look+json"
_MAX_ANSWER = 400_000
_MAX_PATH = 500


class Door:
    """Answers requests about one IPython shell's namespace."""

    def __init__(self, shell: Any, kernel: Any = None) -> None:
        self._shell = shell
        self._kernel = kernel
        self.afterwards: Callable[[], None] | None = None

    def register(self, target: str) -> None:
        """Listen for comms opened on `target`."""
        self._kernel.comm_manager.register_target(target, self._opened)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """One request as a dict to its answer as one. Never raises what a request may cause."""
        try:
            found = self._operations()[request["op"]](request)
        except Exception as err:  # noqa: BLE001 - told to who asked
            found = {"error": f"{names_of(type(err))[1]}: {plain(str(err), 300)}"}
        if len(json.dumps(found)) > _MAX_ANSWER:
            return {"error": "The answer is too long; ask for less at once."}
        return found

    def _opened(self, comm: Any, message: dict[str, Any]) -> None:
        comm._closed = True  # noqa: SLF001 - it is no conversation: without this its end would be announced to every page
        self._kernel.comm_manager.unregister_comm(comm)
        if self.afterwards is not None:  # what the code that made this door left to be done after its own end
            afterwards, self.afterwards = self.afterwards, None
            afterwards()
        data = {ANSWER_TYPE: self.answer(message["content"]["data"])}
        content = {"data": data, "metadata": {}, "transient": {}}
        self._kernel.session.send(self._kernel.iopub_socket, "display_data", content, parent=message)

    def _operations(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        return {
            "variables": self._variables,
            "describe": self._describe,
            "function": self._function,
            "stop_thread": lambda request: thread_stop.stop_thread(request["name"]),
        }

    def _variables(self, request: dict[str, Any]) -> dict[str, Any]:
        return variables.list_variables(
            self._shell.user_ns,
            self._shell.user_ns_hidden,
            pattern=request.get("pattern", ""),
            modules=bool(request.get("modules")),
        )

    def _describe(self, request: dict[str, Any]) -> dict[str, Any]:
        value, missing = self._find(request["name"])
        if missing:
            return {"error": missing}
        if functions.is_callable(value) or type(value) in (property, staticmethod, classmethod):
            told = functions.describe_function(value, request["name"])
            told["type"] = type_name(value)
            return told
        return variables.describe_variable(value, request["name"])

    def _function(self, request: dict[str, Any]) -> dict[str, Any]:
        """What is needed to offer a function as a tool."""
        value, missing = self._find(request["name"])
        if missing or not functions.is_callable(value):
            return {"callable": False}
        schema = functions.json_schema(value)
        told = functions.describe_function(value, request["name"], with_source=False)
        return {"callable": schema is not None, "schema": schema, "signature": told["signature"], "doc": told["doc"]}

    def _find(self, path: str) -> tuple[Any, str]:
        """The object at a dotted path, and "" or why there is none. Properties and lazy attributes stay asleep."""
        first, *rest = plain(path, _MAX_PATH).split(".")
        shown, _ = variables.names(self._shell.user_ns, {})
        if first in shown:
            value = shown[first]
        else:
            value = attribute(builtins, first)
            if value is MISSING:
                return None, f"There is no variable {first!r}."
        for at, name in enumerate(rest):
            value = attribute(value, name)
            if value is MISSING:
                found = ".".join([first, *rest[:at]])
                return None, f"{found} has no attribute {name!r} that can be read without running its code."
        return value, ""
