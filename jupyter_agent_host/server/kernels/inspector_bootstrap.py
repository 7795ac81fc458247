"""The code that carries `kernel_inspector` into a kernel as text, and opens its door there. Names in it are its own."""

from __future__ import annotations

import ast
import hashlib
import json
from functools import cache
from importlib.resources import files

ANSWER_TYPE = "application/vnd.jupyter-agent-host.look+json"
"""What an answer comes as; `kernel_inspector.comm_target` has the same."""

_PACKAGE = "jupyter_agent_host.kernel_inspector"

_BOOT = """
def boot(package, sources, target):
    import sys, threading, types
    from IPython import get_ipython
    shell = get_ipython()
    if package not in sys.modules:
        root = types.ModuleType(package)
        root.__path__ = []
        sys.modules[package] = root
        for name, source in sources:
            module = types.ModuleType(package + "." + name)
            module.__package__ = package
            sys.modules[module.__name__] = module
            exec(compile(source, "<%s>" % module.__name__, "exec"), module.__dict__)
    door = sys.modules[package + ".comm_target"].Door(shell, shell.kernel)
    door.register(target)
    backend = sys.modules.get("matplotlib_inline.backend_inline")
    show = getattr(backend, "show", None)
    if threading.current_thread() is not threading.main_thread() and getattr(show, "_draw_called", False):
        # The end of this very run would show, and close, the figure that the running cell is drawing.
        show._draw_called = False
        door.afterwards = lambda: setattr(show, "_draw_called", True)
"""


@cache
def target_name() -> str:
    """The comm target; another version of the code has another one."""
    return f"jupyter_agent_host.look.{_digest()}"


@cache
def boot_code() -> str:
    """One statement that opens the door and leaves no name behind."""
    arguments = (f"_jupyter_agent_host_look_{_digest()}", _sources(), target_name())
    return (
        f"(lambda space: (__import__('builtins').exec({_BOOT!r}, space), space['boot'](*{arguments!r})))({{}}) and None"
    )


def _sources() -> list[tuple[str, str]]:
    folder = files(_PACKAGE)
    order = _order(folder.joinpath("__init__.py").read_text(encoding="utf-8"))
    return [(name, folder.joinpath(f"{name}.py").read_text(encoding="utf-8")) for name in order]


def _order(init: str) -> list[str]:
    """`MODULES` of the package's text: read, not imported, since the package itself belongs into a kernel."""
    for node in ast.parse(init).body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "MODULES" for to in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    raise LookupError(f"{_PACKAGE} names no MODULES.")


def _digest() -> str:
    return hashlib.sha256(json.dumps([_BOOT, _sources()]).encode()).hexdigest()[:12]
