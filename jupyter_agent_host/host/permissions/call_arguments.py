"""What can be read off an argument: whether it is a literal text, text in memory, or a file to write to."""

from __future__ import annotations

import ast
from collections import Counter

_BUFFERS = frozenset({"StringIO", "BytesIO"})


def called_name(function: ast.expr) -> str:
    """The last name of what is called; "" for something computed."""
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def constant_texts(tree: ast.AST) -> dict[str, str]:
    """Names that the code binds to one literal text and to nothing else, with that text.

    None where the code has magics: what is inside of them is judged apart, and may bind anything.
    """
    if any(isinstance(node, ast.Name) and node.id == "get_ipython" for node in ast.walk(tree)):
        return {}
    texts: dict[str, str] = {}
    bound: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.append(node.id)
        elif isinstance(node, ast.arg):
            bound += [node.arg] * 2
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.append(node.name)
        elif isinstance(node, ast.alias):
            bound.append((node.asname or node.name).partition(".")[0])
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            bound.append(node.name)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.Constant):
            target = node.targets[0]
            if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                texts[target.id] = node.value.value
    counts = Counter(bound)
    return {name: text for name, text in texts.items() if counts[name] == 1}


def writes(node: ast.Call, first: ast.expr | None) -> bool:
    """Whether a method that gives a text is given a file to write it to."""
    if first is not None:
        return not (isinstance(first, ast.Constant) and first.value is None)
    return any(keyword.arg is None or "buf" in keyword.arg or "path" in keyword.arg for keyword in node.keywords)


def is_buffer(given: ast.expr) -> bool:
    """Whether it is text in memory; what is in it is judged as any call."""
    return isinstance(given, ast.Call) and called_name(given.func) in _BUFFERS
