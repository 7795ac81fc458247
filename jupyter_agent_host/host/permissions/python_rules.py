"""Python code by its syntax tree: attribute names count whatever they hang on, text in calls as what it names."""

from __future__ import annotations

import ast

from jupyter_agent_host.host.permissions import names
from jupyter_agent_host.host.permissions.literals import holds_script, judge_text
from jupyter_agent_host.host.permissions.magic_rules import Judge, judge_ipython_call
from jupyter_agent_host.host.permissions.risk import Findings

_READ_MODES = frozenset({"r", "rt", "rb", "tr", "br"})
_GETATTR = frozenset({"getattr", "hasattr"})
_NOT_REDEFINED = frozenset({"open", "getattr", "print", "display"})
_WRITERS = frozenset({"write", "save", "dump", "save_npz", "export", "move"})
_READERS = ("read_", "scan_", "loadtxt", "genfromtxt", "fromfile", "imread")


class PythonRules(ast.NodeVisitor):
    """Visit a tree once; findings are added as they come. `judge` judges code inside magics."""

    def __init__(self, findings: Findings, judge: Judge) -> None:
        self._findings = findings
        self._judge = judge
        self._lists: set[str] = set()

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(alias.name)
            top = alias.name.partition(".")[0]
            if alias.asname and top in names.JUDGED_MODULES and alias.asname != top:
                self._findings.add("hidden", f"import {alias.name} as {alias.asname}")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level:
            self._findings.add("code", f"from {'.' * node.level}{module} import …")
            return
        self._import(module)
        top = module.partition(".")[0]
        for alias in node.names:
            if alias.name == "*" and top in names.JUDGED_MODULES:
                self._findings.add("hidden", f"from {module} import *")
            self._attribute(alias.name, f"{module}.{alias.name}", of=module)
            if alias.asname and top == "IPython" and alias.name in ("HTML", "get_ipython"):
                self._findings.add("hidden", f"{module}.{alias.name} as {alias.asname}")

    def _import(self, module: str) -> None:
        top, _, rest = module.partition(".")
        if top in names.RISKY_MODULES:
            self._findings.add(names.RISKY_MODULES[top], f"import {module}")
        elif top not in names.HARMLESS_MODULES and top not in names.JUDGED_MODULES:
            self._findings.add("code", f"import {module}")
        for part in rest.split(".") if rest else ():
            if part in names.SENSITIVE_PARTS and module != "os.path":
                self._findings.add("hidden", f"import {module}")

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in names.BUILTIN_NAMES:
            self._findings.add(names.BUILTIN_NAMES[node.id], node.id)
        elif node.id == "open" and isinstance(node.ctx, ast.Load):
            self._findings.add("files", "open")  # a call with a plain mode never comes here
        elif node.id in _GETATTR and isinstance(node.ctx, ast.Load):
            self._findings.add("hidden", node.id)
        elif node.id in ("os", "sys") and isinstance(node.ctx, ast.Load):
            self._findings.add("hidden", f"{node.id} handed on")  # with an attribute it never comes here
        elif _is_inner(node.id):
            self._findings.add("hidden", node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        root = node.value.id if isinstance(node.value, ast.Name) else ""
        self._attribute(node.attr, ast.unparse(node)[-40:], of=root)
        if root not in ("os", "sys"):
            self.visit(node.value)

    def _attribute(self, name: str, shown: str, *, of: str) -> None:
        if of == "os" and name not in names.OS_HARMLESS:
            self._findings.add(names.ATTRIBUTES.get(name, "files"), shown)
        elif of == "sys" and name not in names.SYS_HARMLESS:
            self._findings.add("hidden", shown)
        elif name in names.ATTRIBUTES:
            self._findings.add(names.ATTRIBUTES[name], shown)
        elif name in names.SENSITIVE_PARTS or _is_inner(name):
            self._findings.add("hidden", shown)
        elif name in names.BUILTIN_NAMES and name not in names.CODE_METHODS:
            self._findings.add(names.BUILTIN_NAMES[name], shown)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._definition(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._definition(node)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name.startswith(("_repr_", "_ipython_")):
            self._findings.add("page", f"def {node.name}")
        elif _is_inner(node.name) or node.name in names.BUILTIN_NAMES or node.name in _NOT_REDEFINED:
            self._findings.add("hidden", f"def {node.name}")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.value, (ast.List, ast.Set, ast.ListComp, ast.SetComp)):
            self._lists.update(target.id for target in node.targets if isinstance(target, ast.Name))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            self._text(argument)
        if judge_ipython_call(node, self._judge, self._findings):
            return
        function = node.func
        known = isinstance(function, ast.Name) and self._builtin(function.id, node)
        known = known or (isinstance(function, ast.Attribute) and self._method(function, node))
        if isinstance(function, ast.Attribute) and known:
            self.visit(function.value)
        elif not known:
            self.visit(function)
        for argument in node.args:
            self.visit(argument)
        for keyword in node.keywords:
            self._keyword(keyword)
            self.visit(keyword.value)

    def _text(self, argument: ast.expr) -> None:
        """Judge each text in an argument, however deep it lies; a call in it is judged when it is visited."""
        if isinstance(argument, ast.Call):
            return
        for part in ast.walk(argument):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                judge_text(part.value, self._findings)

    def _keyword(self, keyword: ast.keyword) -> None:
        value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if keyword.arg == "allow_pickle" and value is not False:
            self._findings.add("code", "allow_pickle")
        elif keyword.arg == "raw" and value is not False:
            self._findings.add("page", "raw=…")
        elif keyword.arg == "shell":
            self._findings.add("shell", "shell=…")
        elif keyword.arg in ("storage_options", "trust_remote_code"):
            self._findings.add("network", f"{keyword.arg}=…")

    def _builtin(self, name: str, node: ast.Call) -> bool:
        """Whether the call of a plain name is judged in full here."""
        if name == "open":
            self._open(node, "open")
            return True
        if name in _GETATTR:
            second = node.args[1] if len(node.args) > 1 else None
            if isinstance(second, ast.Constant) and isinstance(second.value, str):
                root = node.args[0].id if isinstance(node.args[0], ast.Name) else ""
                self._attribute(second.value, f"{name}(…, {second.value!r})", of=root)
                return True
            self._findings.add("hidden", f"{name} with a computed name")
            return True
        if name == "HTML":
            self._html(node)
        return False

    def _method(self, function: ast.Attribute, node: ast.Call) -> bool:
        name, shown = function.attr, f".{function.attr}(…)"
        first = node.args[0] if node.args else None
        if name == "open":
            self._open(node, shown, method=True)
            return True
        if name in names.CODE_METHODS:
            self._evaluated(first, shown)
            return True
        if name == "HTML":
            self._html(node)
        elif self._removes(function, node, first):
            self._findings.add("delete", shown)
        elif name in _WRITERS:
            self._findings.add("files", shown)
        elif name == "load":
            self._findings.add("code", shown)
        elif name.startswith(_READERS):
            self._reader(node, first, shown)
        return False

    def _removes(self, function: ast.Attribute, node: ast.Call, first: ast.expr | None) -> bool:
        """Lists have `remove`, texts `replace` and tables `rename`, too: told apart by receiver and arguments."""
        if function.attr == "remove":
            return not self._is_list(function.value)
        if function.attr == "rename":
            return len(node.args) > 1 or (len(node.args) == 1 and not isinstance(first, (ast.Dict, ast.DictComp)))
        return (
            function.attr == "replace" and len(node.args) == 1 and not node.keywords and not isinstance(first, ast.Dict)
        )

    def _is_list(self, receiver: ast.expr) -> bool:
        return isinstance(receiver, ast.List) or (isinstance(receiver, ast.Name) and receiver.id in self._lists)

    def _reader(self, node: ast.Call, first: ast.expr | None, shown: str) -> None:
        """A reader may be given an address: only text that can be read here says that it is none."""
        if shown.startswith((".read_text", ".read_bytes")):
            return
        given = first or next((keyword.value for keyword in node.keywords if "path" in (keyword.arg or "")), None)
        if given is not None and not (isinstance(given, ast.Constant) and isinstance(given.value, str)):
            self._findings.add("files", f"{shown} of something computed")

    def _open(self, node: ast.Call, shown: str, *, method: bool = False) -> None:
        place = 0 if method else 1
        given = [keyword.value for keyword in node.keywords if keyword.arg == "mode"] or node.args[place : place + 1]
        mode = given[0] if given else ast.Constant("r")
        plain = isinstance(mode, ast.Constant) and mode.value in _READ_MODES
        unpacked = any(isinstance(part, ast.Starred) for part in node.args) or any(
            keyword.arg is None or keyword.arg == "opener" for keyword in node.keywords
        )
        if not plain or unpacked:
            self._findings.add("files", f"{shown} {ast.unparse(mode)}")
        elif not method and not (node.args and isinstance(node.args[0], ast.Constant)):
            self._findings.add("files", f"{shown} of something computed")

    def _html(self, node: ast.Call) -> None:
        literal = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if len(literal) != len(node.args) or node.keywords or any(map(holds_script, literal)):
            self._findings.add("page", "HTML(…)")

    def _evaluated(self, first: ast.expr | None, shown: str) -> None:
        text = first.value if isinstance(first, ast.Constant) else None
        if not isinstance(text, str) or "@" in text or "__" in text:
            self._findings.add("code", shown)


def _is_inner(name: str) -> bool:
    return name.startswith("__") and name not in names.HARMLESS_DUNDERS
