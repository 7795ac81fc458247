"""IPython's magics and shell escapes, as its own input transformation writes them: calls on `get_ipython()`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from jupyter_agent_host.host.permissions import python_names
from jupyter_agent_host.host.permissions.risk_findings import Findings

Judge = Callable[[str], None]
"""Judges Python code that lies inside a magic."""

_SHELL = frozenset({"system", "getoutput", "getoutputerror"})


_AUTOMAGIC = re.compile(r"\s*([A-Za-z_]\w*)(?!\w|\s*[.=,])")


def judge_automagic(source: str, findings: Findings) -> None:
    """A cell of one line that begins with a magic's name is that magic, unless a variable has the name: `store -r`."""
    found = _AUTOMAGIC.match(source)
    if found is not None and "\n" not in source.strip() and found[1] in python_names.MAGICS:
        findings.add(python_names.MAGICS[found[1]], f"%{found[1]}")


def judge_ipython_call(node: ast.Call, judge: Judge, findings: Findings) -> bool:
    """Whether the call is one that IPython's transformation writes; it is then judged in full."""
    function = node.func
    if not (isinstance(function, ast.Attribute) and _is_shell(function.value)):
        return False
    arguments = [part.value if isinstance(part, ast.Constant) else None for part in node.args]
    if function.attr in _SHELL:
        command = arguments[0] if arguments and isinstance(arguments[0], str) else ""
        findings.add("shell", f"!{command}")
        _judge_command(command, findings)
        return True
    known = not node.keywords and all(isinstance(part, str) for part in arguments)
    if known and function.attr == "run_line_magic" and len(arguments) == 2:  # noqa: PLR2004 - name and line
        _line(str(arguments[0]), str(arguments[1]), judge, findings)
        return True
    if known and function.attr == "run_cell_magic" and len(arguments) == 3:  # noqa: PLR2004 - name, line and body
        _cell(str(arguments[0]), str(arguments[1]), str(arguments[2]), judge, findings)
        return True
    return False


def _is_shell(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "get_ipython"


def _line(name: str, line: str, judge: Judge, findings: Findings) -> None:
    if name not in python_names.HARMLESS_MAGICS:
        findings.add(python_names.MAGICS.get(name, "unknown"), f"%{name}")
    if name in python_names.CODE_MAGICS:
        judge(_without_options(line))
    elif name in ("history", "hist") and "-f" in line:
        findings.add("files", f"%{name} {line}")


def _cell(name: str, line: str, body: str, judge: Judge, findings: Findings) -> None:
    if name not in python_names.HARMLESS_CELL_MAGICS:
        findings.add(python_names.MAGICS.get(name, "unknown"), f"%%{name}")
        return
    if name in python_names.CODE_MAGICS:
        if name in ("time", "timeit", "prun"):
            judge(_without_options(line))
        judge(body)


def _without_options(line: str) -> str:
    """The code after a magic's own options (`-n 3 -r 5`); an option that is not understood is left to be judged."""
    words = line.split(" ")
    while words and (words[0] == "" or (words[0].startswith("-") and not words[0].startswith("--"))):
        option = words.pop(0)
        if option and len(option) == 2 and words and words[0].isdigit():  # noqa: PLR2004 - a dash and a letter
            words.pop(0)
    return " ".join(words)


def _judge_command(command: str, findings: Findings) -> None:
    """A shell command is asked for as such; what it plainly is says more to the person."""
    words = command.replace("\n", " ").split()
    if not words:
        return
    if any(word in ("pip", "pip3", "conda", "mamba", "uv", "apt", "apt-get", "npm") for word in words[:5]):
        findings.add("install", f"!{command}")
    if words[0] in ("rm", "mv", "rmdir", "shred", "truncate"):
        findings.add("delete", f"!{command}")
    if words[0] in ("curl", "wget", "ssh", "scp", "git", "nc"):
        findings.add("network", f"!{command}")
    if "agent-host" in command or "agent_host" in command:
        findings.add("permissions", f"!{command}")
