"""A value in a few words: built-in types by their content, bounded in depth and length; others by their type."""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable
from typing import Any

from .own_text import numpy_item, own_text
from .static_attributes import MISSING, class_dict, instance_dict, module_dict, mro, names_of, plain

MAX_TEXT = 200
_MAX_ITEMS = 8
_MAX_BYTES = 60
_MAX_DEPTH = 3
_MAX_BITS = 4000
_BRACKETS: dict[type, tuple[str, str]] = {
    dict: ("{", "}"),
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("{", "}"),
}
_ITEM_SIZE, _BASIC_SIZE = type.__dict__["__itemsize__"], type.__dict__["__basicsize__"]
_CONTAINERS = (dict, list, tuple, set, frozenset)


def preview(value: object, limit: int = MAX_TEXT, depth: int = _MAX_DEPTH) -> str:
    """One line of at most about `limit` characters."""
    text = _preview(value, depth, _MAX_ITEMS)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _preview(value: Any, depth: int, items: int) -> str:
    cls = type(value)
    if cls in (bool, type(None), type(Ellipsis), type(NotImplemented)):
        return repr(value)
    for scalar, write in _SCALARS:
        if issubclass(cls, scalar):
            return _named(cls, scalar, write(value))
    for kind in _CONTAINERS:
        if issubclass(cls, kind):
            return _named(cls, kind, _container(value, kind, depth, items))
    if issubclass(cls, range):
        return repr(value)
    item = numpy_item(value)
    if item is not MISSING:
        return f"{names_of(cls)[1]}({_preview(item, depth, items)})"
    return own_text(value, MAX_TEXT) or _unknown(value, cls)


def _named(cls: type, kind: type, text: str) -> str:
    """The text, with the name of a subclass around it."""
    return text if cls is kind else f"{names_of(cls)[1]}({text})"


def _integer(value: int) -> str:
    bits = int.bit_length(value)
    return int.__repr__(value) if bits <= _MAX_BITS else f"<integer of {bits} bits>"


def _string(value: str) -> str:
    size = str.__len__(value)
    text = repr(plain(value, MAX_TEXT))
    return text if size <= MAX_TEXT else f"{text}… ({size} characters)"


def _bytes(kind: Any) -> Callable[[Any], str]:
    def write(value: Any) -> str:
        size = kind.__len__(value)
        text = repr(bytes(kind.__getitem__(value, slice(0, _MAX_BYTES))))
        return text if size <= _MAX_BYTES else f"{text}… ({size} bytes)"

    return write


_SCALARS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (int, _integer),
    (float, float.__repr__),
    (complex, complex.__repr__),
    (str, _string),
    (bytes, _bytes(bytes)),
    (bytearray, _bytes(bytearray)),
)


def _container(value: Any, kind: Any, depth: int, items: int) -> str:
    size = kind.__len__(value)
    opening, closing = _BRACKETS[kind]
    if depth <= 0:
        return f"{opening}…{closing}" if size else opening + closing
    try:
        if kind is dict:
            pieces = [
                f"{_preview(key, depth - 1, items // 2)}: {_preview(item, depth - 1, items // 2)}"
                for key, item in itertools.islice(dict.items(value), items)
            ]
        else:
            pieces = [_preview(item, depth - 1, items // 2) for item in itertools.islice(kind.__iter__(value), items)]
    except RuntimeError:  # the running cell changes it at this moment
        return f"{opening}…{closing} (changing)"
    if size > len(pieces):
        pieces.append("…")
    return opening + ", ".join(pieces) + closing


def _unknown(value: Any, cls: type) -> str:
    if issubclass(cls, type):
        return "<class {}>".format(".".join(filter(None, names_of(value))))
    if issubclass(cls, types.ModuleType):
        return "<module {}>".format(plain(module_dict(value).get("__name__", "")))
    if cls in (types.FunctionType, types.BuiltinFunctionType, types.MethodType):
        return f"<function {function_name(value)}>"
    return "<{} object>".format(".".join(filter(None, names_of(cls))))


def function_name(function: Any) -> str:
    """The qualified name of a function or method, as it says itself."""
    if type(function) is types.MethodType:
        function = types.MethodType.__dict__["__func__"].__get__(function)
    if type(function) is types.FunctionType:
        return plain(types.FunctionType.__dict__["__qualname__"].__get__(function))
    if type(function) is types.BuiltinFunctionType:
        return plain(function.__qualname__)
    return names_of(type(function))[1]


def length(value: Any) -> int | None:
    """Number of items of a built-in container or text; None for all else."""
    for kind in (*_CONTAINERS, str, bytes, bytearray):
        if issubclass(type(value), kind):
            return kind.__len__(value)
    return None


def shallow_bytes(value: Any) -> int:
    """Memory of the object alone, without what it refers to."""
    for kind in (*_CONTAINERS, str, bytes, bytearray, int):
        if issubclass(type(value), kind):
            return kind.__sizeof__(value)
    if issubclass(type(value), type):
        return type.__sizeof__(value)
    if _ITEM_SIZE.__get__(type(value)):  # its number of items is where only itself knows, as in a generator
        size: int = _BASIC_SIZE.__get__(type(value))
        return size
    return object.__sizeof__(value)


def attributes(value: object, most: int = 30) -> list[tuple[str, str]]:
    """(name, preview) of the instance's own attributes and slots, at most `most`."""
    found = []
    own = instance_dict(value) or {}
    found += [(plain(name), preview(item, 80, 2)) for name, item in itertools.islice(own.items(), most)]
    for cls in mro(type(value)):
        for name, entry in list(class_dict(cls).items()):
            is_slot = type(entry) is types.MemberDescriptorType and name not in ("__dict__", "__weakref__")
            if is_slot and names_of(cls)[0] != "builtins" and len(found) < most:
                item = _slot(entry, value)
                if item is not MISSING:
                    found.append((plain(name), preview(item, 80, 2)))
    return found


def _slot(entry: Any, value: object) -> Any:
    try:
        return entry.__get__(value)
    except AttributeError:  # declared and never set
        return MISSING
