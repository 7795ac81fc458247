"""Python code by its syntax tree: attribute names count whatever they hang on, text in calls as what it names."""

from __future__ import annotations

import ast

from jupyter_agent_host.host.permissions import python_names
from jupyter_agent_host.host.permissions.call_arguments import called_name, constant_texts, is_buffer, writes
from jupyter_agent_host.host.permissions.magic_rules import Judge, judge_ipython_call
from jupyter_agent_host.host.permissions.risk_findings import Findings
from jupyter_agent_host.host.permissions.text_literals import holds_script, judge_text

_READ_MODES = frozenset({"r", "rt", "rb", "tr", "br"})
_GETATTR = frozenset({"getattr", "hasattr"})
_NOT_REDEFINED = frozenset({"open", "getattr", "print", "display"})
_MOVERS = frozenset({"remove", "rename", "replace"})
_WRITERS = frozenset({"write", "save", "dump", "save_npz", "export", "move"})
_READERS = ("read_", "scan_", "loadtxt", "loadmat", "loadarff", "genfromtxt", "fromfile", "imread")


class PythonRules(ast.NodeVisitor):
    """Visit a tree once; findings are added as they come. `judge` judges code inside magics."""

    def __init__(self, tree: ast.AST, findings: Findings, judge: Judge) -> None:
        self._findings = findings
        self._judge = judge
        self._lists: set[str] = set()
        self._texts = constant_texts(tree)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(alias.name)
            top = alias.name.partition(".")[0]
            if alias.asname and top in python_names.JUDGED_MODULES and alias.asname != top:
                self._findings.add("hidden", f"import {alias.name} as {alias.asname}")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level:
            self._findings.add("code", f"from {'.' * node.level}{module} import …")
            return
        self._import(module)
        top = module.partition(".")[0]
        for alias in node.names:
            if alias.name == "*" and top in python_names.JUDGED_MODULES:
                self._findings.add("hidden", f"from {module} import *")
            self._attribute(alias.name, f"{module}.{alias.name}", of=module)
            if alias.name == "open" or (module, alias.name) == ("plotly.offline", "plot"):
                self._findings.add("files", f"from {module} import {alias.name}")
            if alias.asname and top == "IPython" and alias.name in ("HTML", "get_ipython"):
                self._findings.add("hidden", f"{module}.{alias.name} as {alias.asname}")

    def _import(self, module: str) -> None:
        top, _, rest = module.partition(".")
        if top in python_names.RISKY_MODULES:
            self._findings.add(python_names.RISKY_MODULES[top], f"import {module}")
        elif top not in python_names.HARMLESS_MODULES and top not in python_names.JUDGED_MODULES:
            self._findings.add("code", f"import {module}")
        for part in rest.split(".") if rest else ():
            if part in python_names.SENSITIVE_PARTS and module != "os.path":
                self._findings.add("hidden", f"import {module}")

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in python_names.BUILTIN_NAMES:
            self._findings.add(python_names.BUILTIN_NAMES[node.id], node.id)
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
        shown = ast.unparse(node)[-40:]
        self._attribute(node.attr, shown, of=root)
        if node.attr == "open" or shown.endswith("offline.plot"):
            self._findings.add("files", shown)  # a call of `open` with a plain mode never comes here
        if root not in ("os", "sys"):
            self.visit(node.value)

    def _attribute(self, name: str, shown: str, *, of: str) -> None:
        if of == "os" and name not in python_names.OS_HARMLESS:
            self._findings.add(python_names.ATTRIBUTES.get(name, "files"), shown)
        elif of == "sys" and name not in python_names.SYS_HARMLESS:
            self._findings.add("hidden", shown)
        elif name in python_names.ATTRIBUTES:
            self._findings.add(python_names.ATTRIBUTES[name], shown)
        elif (
            name in python_names.SENSITIVE_PARTS or _is_inner(name) or (_is_private(name) and of not in ("self", "cls"))
        ):
            self._findings.add("hidden", shown)
        elif prefix := next((prefix for prefix in python_names.PREFIXES if name.startswith(prefix)), ""):
            self._findings.add(python_names.PREFIXES[prefix], shown)
        elif name in python_names.BUILTIN_NAMES and name not in python_names.CODE_METHODS:
            self._findings.add(python_names.BUILTIN_NAMES[name], shown)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._definition(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._definition(node)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name.startswith(("_repr_", "_ipython_")):
            self._findings.add("page", f"def {node.name}")
        elif _is_inner(node.name) or node.name in python_names.BUILTIN_NAMES or node.name in _NOT_REDEFINED:
            self._findings.add("hidden", f"def {node.name}")
        self._annotation(node.returns)
        self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        self._annotation(node.annotation)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        self.generic_visit(node)

    def _annotation(self, annotation: ast.expr | None) -> None:
        """Texts in annotations are code: typing, pydantic, attrs and others evaluate them when they read a class."""
        for part in ast.walk(annotation) if annotation is not None else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                try:
                    tree = ast.parse(part.value, mode="eval")
                except (SyntaxError, ValueError):
                    continue  # a text that is no expression, such as one of a Literal, cannot be evaluated either
                self.visit(tree.body)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        """A class pattern reads the attributes that its keywords name."""
        for name in node.kwd_attrs:
            self._attribute(name, f"case {ast.unparse(node.cls)}({name}=…)", of="")
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        """A function that another cell calls could change what a name there stands for."""
        self._findings.add("hidden", f"global {', '.join(node.names)}")

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
        called = called_name(function)
        if called in python_names.PYTHON_TEXT:
            self._python_text(node, f"{called}(…)")
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
        """Whether the call of a method is judged in full here; else its name is judged, too."""
        name, shown = function.attr, f".{function.attr}(…)"
        first = node.args[0] if node.args else None
        if name == "open":
            self._open(node, shown, method=True)
        elif name in python_names.CODE_METHODS:
            if node.args or node.keywords:  # without, it is how a model of torch is told to predict
                self._evaluated(first, shown)
        elif name not in python_names.TO_TEXT or writes(node, first):
            self._method_by_arguments(function, node, first, shown)
            return False
        return True

    def _method_by_arguments(self, function: ast.Attribute, node: ast.Call, first: ast.expr | None, shown: str) -> None:
        """Methods whose name says too little."""
        name = function.attr
        if name == "HTML":
            self._html(node)
        elif name in python_names.BY_NAME:
            self._by_name(node)
        elif name == "format":
            self._formatted(function, node)
        elif name in _MOVERS:
            if self._removes(function, node, first):
                self._findings.add("delete", shown)
        elif name in _WRITERS:
            self._findings.add("files", shown)
        elif name == "load" and ast.unparse(function.value) != "json":
            self._findings.add("code", shown)
        elif name.startswith(_READERS):
            self._reader(node, first, shown)

    def _removes(self, function: ast.Attribute, node: ast.Call, first: ast.expr | None) -> bool:
        """Lists have `remove`, texts `replace` and tables `rename`, too: told apart by receiver and arguments."""
        if function.attr == "remove":
            return not self._is_list(function.value)
        if function.attr == "rename":
            told = [keyword for keyword in node.keywords if keyword.arg != "target"]
            target = len(node.args) + len(node.keywords) == 1 and not isinstance(first, (ast.Dict, ast.DictComp))
            return len(node.args) > 1 or (target and not told)
        return len(node.args) == 1 and not node.keywords and not isinstance(first, ast.Dict)

    def _is_list(self, receiver: ast.expr) -> bool:
        return isinstance(receiver, ast.List) or (isinstance(receiver, ast.Name) and receiver.id in self._lists)

    def _reader(self, node: ast.Call, first: ast.expr | None, shown: str) -> None:
        """A reader may be given an address: only text that can be read here says that it is none."""
        if shown.startswith((".read_text", ".read_bytes")):
            return
        given = first or next((keyword.value for keyword in node.keywords if "path" in (keyword.arg or "")), None)
        if given is not None and not self._is_text(given) and not is_buffer(given):
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
        elif not method and not (node.args and self._is_text(node.args[0])):
            self._findings.add("files", f"{shown} of something computed")

    def _is_text(self, given: ast.expr) -> bool:
        """Whether it can be read here what is given; then it has been judged."""
        if isinstance(given, ast.Name) and given.id in self._texts:
            judge_text(self._texts[given.id], self._findings)
            return True
        return isinstance(given, ast.Constant) and isinstance(given.value, str)

    def _by_name(self, node: ast.Call) -> None:
        """Methods of tables may be named by a text: `df.agg("to_csv", path_or_buf="x")`."""
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            for part in ast.walk(argument):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    self._attribute(part.value, f"{part.value!r} by name", of="")

    def _formatted(self, function: ast.Attribute, node: ast.Call) -> None:
        for part in (function.value, *node.args):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and ".__" in part.value:
                self._findings.add("hidden", part.value)

    def _python_text(self, node: ast.Call, shown: str) -> None:
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                self._judge(argument.value)
            elif not isinstance(argument, (ast.Constant, ast.Lambda, ast.Dict)) and argument in node.args[:1]:
                self._findings.add("code", f"{shown} of something computed")

    def _html(self, node: ast.Call) -> None:
        literal = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if len(literal) != len(node.args) or node.keywords or any(map(holds_script, literal)):
            self._findings.add("page", "HTML(…)")

    def _evaluated(self, first: ast.expr | None, shown: str) -> None:
        text = first.value if isinstance(first, ast.Constant) else None
        if not isinstance(text, str) or "@" in text or "__" in text:
            self._findings.add("code", shown)


def _is_private(name: str) -> bool:
    return (
        name.startswith("_") and len(name) > 1 and not name.startswith("__") and name not in python_names.PRIVATE_KNOWN
    )


def _is_inner(name: str) -> bool:
    return name.startswith("__") and name not in python_names.HARMLESS_DUNDERS
