"""The one question that `permits` asks of the rules: what could this code do?"""

from __future__ import annotations

import ast
import re
import warnings

from jupyter_agent_host.host.permissions.magic_rules import judge_automagic
from jupyter_agent_host.host.permissions.other_languages import judge_tokens
from jupyter_agent_host.host.permissions.python_rules import PythonRules
from jupyter_agent_host.host.permissions.risk_findings import Findings, Risk

_MAX_CHARS = 40_000
_MAX_MAGICS = 40
_MAX_DEPTH = 8
_MAGIC_LINE = re.compile(r"^\s*[%!?/,;]|\?\s*$|=\s*[%!]", re.MULTILINE)
_OWN = re.compile(r"agent[-_]host|^\s*%%?agent\b", re.MULTILINE)


def judge_code(source: str, language: str = "python") -> Risk:
    """What the code could do beyond its cell. Blocking for a few milliseconds; loads IPython's parser at first use.

    Args:
        source: a cell's source, or code for the kernel.
        language: the kernel's language name, as its `language_info` has it.
    """
    findings = Findings()
    if _OWN.search(source):
        findings.add("permissions", "agent_host")
    if len(source) > _MAX_CHARS:
        findings.add("unknown", f"{len(source)} characters")
    elif language.casefold() in ("python", "python3", "ipython"):
        _judge_python(source, findings, 0)
    else:
        judge_tokens(source, language.casefold(), findings)
    return findings.risk()


def _judge_python(source: str, findings: Findings, depth: int) -> None:
    if depth > _MAX_DEPTH or len(_MAGIC_LINE.findall(source)) > _MAX_MAGICS:
        findings.add("unknown", "nested or many magics")
        return
    judge_automagic(source, findings)
    tree = _parse(source)
    if tree is None:
        findings.add("unknown", "no valid Python")
        return
    rules = PythonRules(tree, findings, lambda inner: _judge_python(inner, findings, depth + 1))
    try:
        rules.visit(tree)
    except RecursionError:
        findings.add("unknown", "nested too deep")


def _parse(source: str) -> ast.AST | None:
    # Loaded here: it brings in IPython, which a server whose agents never run code does not need.
    from IPython.core.inputtransformer2 import TransformerManager  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plain = TransformerManager().transform_cell(source)  # type: ignore[no-untyped-call]
            flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            tree = compile(plain, "<cell>", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, RuntimeError):
        return None
    return tree if isinstance(tree, ast.AST) else None
