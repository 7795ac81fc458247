"""Functions and classes: signature, documentation and source, from what the compiler left, not from what they claim."""

from __future__ import annotations

import importlib
import inspect
import linecache
import types
import typing
from typing import Any

from .static_attributes import MISSING, attribute, by_name, class_dict, from_class, loaded, names_of, plain
from .value_preview import function_name, preview

_MAX_DOC = 8000
_MAX_SOURCE = 12000
_CODE = types.FunctionType.__dict__["__code__"]
_VARARGS, _VARKEYWORDS = 0x04, 0x08

_JSON_TYPES = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    list: {"type": "array"},
    tuple: {"type": "array"},
    set: {"type": "array"},
    dict: {"type": "object"},
    type(None): {"type": "null"},
}
_BY_NAME = {names_of(cls)[1]: schema for cls, schema in _JSON_TYPES.items() if cls is not type(None)}
_BY_NAME["None"] = {"type": "null"}


class Parameter:
    """One parameter. `kind`: positional, plain, keyword, args or kwargs."""

    def __init__(self, name: str, kind: str, annotation: object = MISSING, default: object = MISSING) -> None:
        self.name, self.kind, self.annotation, self.default = name, kind, annotation, default

    def text(self) -> str:
        star = {"args": "*", "kwargs": "**"}.get(self.kind, "")
        text = star + self.name
        if self.annotation is not MISSING:
            text += ": " + annotation_text(self.annotation)
        if self.default is not MISSING:
            text += " = " + preview(self.default, 60, 2)
        return text


def underlying(value: Any) -> types.FunctionType | None:
    """The plain Python function behind a method, a partial, a class or a callable object; None when there is none."""
    for _ in range(8):
        cls = type(value)
        if cls is types.FunctionType:
            function: types.FunctionType = value
            return function
        if cls is types.MethodType:
            value = types.MethodType.__dict__["__func__"].__get__(value)
        elif cls in (staticmethod, classmethod):
            value = cls.__dict__["__func__"].__get__(value)
        elif cls is property:
            value = property.__dict__["fget"].__get__(value)
        elif issubclass(cls, type):
            value = from_class(value, "__init__")
        else:
            value = from_class(cls, "__call__")
    return None


def is_callable(value: object) -> bool:
    """Whether it can be called, asked of its type alone."""
    return from_class(type(value), "__call__") is not MISSING


def parameters(value: object) -> list[Parameter] | None:
    """The parameters that a caller gives; None when they cannot be known (a function of C, say)."""
    function = underlying(value)
    if function is None:
        return None
    code = _CODE.__get__(function)
    annotations = _annotations(function)
    defaults = types.FunctionType.__dict__["__defaults__"].__get__(function) or ()
    keyword_defaults = by_name(list((types.FunctionType.__dict__["__kwdefaults__"].__get__(function) or {}).items()))
    names = code.co_varnames
    plain_count, only = code.co_argcount, code.co_kwonlyargcount
    found = []
    for at, name in enumerate(names[:plain_count]):
        kind = "positional" if at < code.co_posonlyargcount else "plain"
        from_end = at - (plain_count - len(defaults))
        default = defaults[from_end] if from_end >= 0 else MISSING
        found.append(Parameter(name, kind, annotations.get(name, MISSING), default))
    if code.co_flags & _VARARGS:
        name = names[plain_count + only]
        found.append(Parameter(name, "args", annotations.get(name, MISSING)))
    for name in names[plain_count : plain_count + only]:
        default = keyword_defaults.get(name, MISSING)
        found.append(Parameter(name, "keyword", annotations.get(name, MISSING), default))
    if code.co_flags & _VARKEYWORDS:
        name = names[plain_count + only + bool(code.co_flags & _VARARGS)]
        found.append(Parameter(name, "kwargs", annotations.get(name, MISSING)))
    return found[1:] if _is_bound(value) and found and found[0].kind in ("positional", "plain") else found


def _is_bound(value: object) -> bool:
    cls = type(value)
    return cls is types.MethodType or cls not in (types.FunctionType, staticmethod, classmethod, property)


def _annotations(function: Any) -> dict[str, Any]:
    """Annotations that exist already. Since Python 3.14 they may be code that was never run; that stays so."""
    if "__annotate__" in types.FunctionType.__dict__:
        annotationlib = importlib.import_module("annotationlib")

        try:
            found = annotationlib.call_annotate_function(function.__annotate__, annotationlib.Format.STRING)
        except Exception:  # noqa: BLE001 - none, or not to be had as text
            return {}
    else:
        slot = types.FunctionType.__dict__["__annotations__"]  # noqa: RUF063 - the class itself could answer that
        found = slot.__get__(function)
    return by_name(list(found.items())) if type(found) is dict else {}


def signature(value: object) -> str:
    """`(a: int, *, b = 2) -> str`; "(…)" where it cannot be known."""
    found = parameters(value)
    if found is None:
        return "(…)"
    pieces = []
    starred = False
    for at, one in enumerate(found):
        if one.kind == "keyword" and not starred:
            pieces.append("*")
            starred = True
        starred = starred or one.kind == "args"
        pieces.append(one.text())
        if one.kind == "positional" and (at + 1 == len(found) or found[at + 1].kind != "positional"):
            pieces.append("/")
    function = underlying(value)
    returned = _annotations(function).get("return", MISSING) if not issubclass(type(value), type) else MISSING
    arrow = "" if returned is MISSING else " -> " + annotation_text(returned)
    return "({}){}".format(", ".join(pieces), arrow)


def annotation_text(annotation: Any) -> str:
    """An annotation in the words of its author, where that needs no code of theirs."""
    if type(annotation) is str:
        return plain(annotation, 200)
    if issubclass(type(annotation), type):
        return names_of(annotation)[1]
    module, name = names_of(type(annotation))
    if module in ("typing", "types"):
        origin, arguments = _generic(annotation)
        if origin is not None:
            inner = ", ".join(annotation_text(one) for one in arguments)
            return f"{annotation_text(origin)}[{inner}]" if inner else annotation_text(origin)
        return plain(attribute(annotation, "_name")) or name
    return preview(annotation, 60, 1)


def _generic(annotation: object) -> tuple[Any, tuple[Any, ...]]:
    return typing.get_origin(annotation), typing.get_args(annotation)


def json_schema(value: object) -> dict[str, Any] | None:
    """A JSON schema of the arguments, for calling by keyword; None when the parameters cannot be known or so given."""
    found = parameters(value)
    if found is None or any(one.kind == "positional" and one.default is MISSING for one in found):
        return None
    properties, required, more = {}, [], False
    for one in found:
        if one.kind in ("args", "positional"):
            continue
        if one.kind == "kwargs":
            more = True
            continue
        schema = dict(_schema(one.annotation))
        if one.default is not MISSING:
            schema["description"] = "default: " + preview(one.default, 60, 2)
        else:
            required.append(one.name)
        properties[one.name] = schema
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": more}


def _schema(annotation: Any, depth: int = 4) -> dict[str, Any]:  # noqa: PLR0911 - a line a kind
    if type(annotation) is str:
        return _BY_NAME.get(annotation.strip(), {})
    if issubclass(type(annotation), type):
        for cls, schema in _JSON_TYPES.items():
            if annotation is cls:
                return schema
    if depth <= 0 or annotation is MISSING or names_of(type(annotation))[0] not in ("typing", "types"):
        return {}
    origin, arguments = _generic(annotation)
    if origin in (list, set, tuple, frozenset) and arguments:
        return {"type": "array", "items": _schema(arguments[0], depth - 1)}
    if origin is dict:
        return {"type": "object"}
    if origin is loaded("typing", "Literal") or str(origin) == "typing.Literal":
        return {"enum": [one for one in arguments if type(one) in (str, int, bool, type(None))]}
    if names_of(type(annotation))[1] == "UnionType" or str(origin) == "typing.Union":
        return {"anyOf": [_schema(one, depth - 1) for one in arguments]}
    return {}


def documentation(value: Any) -> str:
    """The docstring, cleaned; "" when there is none in plain sight."""
    if issubclass(type(value), type):
        found = class_dict(value).get("__doc__", "")
    elif issubclass(type(value), types.ModuleType):
        found = attribute(value, "__doc__")
    elif type(value) is types.BuiltinFunctionType:
        found = value.__doc__
    else:
        function = underlying(value)
        found = types.FunctionType.__dict__["__doc__"].__get__(function) if function is not None else ""
        if not found:
            found = class_dict(type(value)).get("__doc__", "")
    return inspect.cleandoc(plain(found, _MAX_DOC)) if issubclass(type(found), str) else ""


def source(value: object) -> str:
    """The source as far as it was read already, or lies in a file; "" otherwise."""
    function = None if issubclass(type(value), type) else underlying(value)
    if function is None:
        return ""
    code = _CODE.__get__(function)
    lines = linecache.getlines(code.co_filename)
    if not 0 < code.co_firstlineno <= len(lines):
        return ""
    try:
        return "".join(inspect.getblock(lines[code.co_firstlineno - 1 :]))[:_MAX_SOURCE]
    except (SyntaxError, IndentationError, EOFError):
        return ""


def describe_function(value: Any, name: str, *, with_source: bool = True) -> dict[str, Any]:
    """Name, signature, documentation and source of something that can be called."""
    is_class = issubclass(type(value), type)
    told = {
        "name": plain(name, 500),
        "kind": "class" if is_class else "function",
        "defined": ".".join(filter(None, names_of(value))) if is_class else function_name(value),
        "signature": signature(value),
        "doc": documentation(value),
    }
    text = source(value) if with_source else ""
    if text:
        told["source"] = text
    return told
