"""Facts of objects and classes that Python keeps itself, read where no code of the object's can answer instead."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable
from typing import Any

_NAME = type.__dict__["__name__"]
_QUALNAME = type.__dict__["__qualname__"]
_MODULE = type.__dict__["__module__"]
_MRO = type.__dict__["__mro__"]
_DICT = type.__dict__["__dict__"]
_MAX_NAME = 120
_FOUND: dict[tuple[str, str], type] = {}
MISSING = object()


def plain(text: Any, limit: int = _MAX_NAME) -> str:
    """At most `limit` characters of a string, as an exact `str`, even of a subclass; "" for what is none."""
    if not issubclass(type(text), str):
        return ""
    return str.__getitem__(text, slice(0, limit))


def names_of(cls: type) -> tuple[str, str]:
    """(module, qualified name) of a class, past whatever its metaclass says."""
    try:
        module = _MODULE.__get__(cls)
    except AttributeError:  # a class whose dict lost it
        module = ""
    return plain(module), plain(_QUALNAME.__get__(cls)) or plain(_NAME.__get__(cls))


def type_name(value: object) -> str:
    """The type of a value as people write it: `int`, `numpy.ndarray`, `Model`."""
    module, name = names_of(type(value))
    return name if module in ("builtins", "__main__", "") else "{}.{}".format(module.partition(".")[0], name)


def mro(cls: type) -> tuple[type, ...]:
    """The classes of a class, itself first."""
    found: tuple[type, ...] = _MRO.__get__(cls)
    return found


def by_name(items: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Pairs as a dict that holds exact strings only: a key of another type may answer a look-up with its `__eq__`."""
    return {key: value for key, value in items if type(key) is str}


def class_dict(cls: type) -> dict[str, Any]:
    """What stands in the body of one class."""
    return by_name(list(_DICT.__get__(cls).items()))


def module_dict(module: object) -> dict[str, Any]:
    """A module's names, without waking a lazy one."""
    found = object.__getattribute__(module, "__dict__")
    return by_name(list(dict.items(found))) if issubclass(type(found), dict) else {}


def instance_dict(value: object) -> dict[str, Any] | None:
    """The instance's own attributes; None when it has none, or hides them behind a property."""
    for cls in mro(type(value)):
        entry = class_dict(cls).get("__dict__", MISSING)
        if entry is MISSING:
            continue
        if type(entry) not in (types.GetSetDescriptorType, types.MemberDescriptorType):
            return None
        found = entry.__get__(value)
        return by_name(list(dict.items(found))) if issubclass(type(found), dict) else None
    return None


def attribute(value: Any, name: str) -> Any:
    """An attribute looked up without descriptors, properties or `__getattr__`; `MISSING` when it is not there so."""
    if issubclass(type(value), types.ModuleType):
        return module_dict(value).get(name, MISSING)
    if issubclass(type(value), type):
        return from_class(value, name)
    own = instance_dict(value)
    if own is not None and name in own:
        return own[name]
    return from_class(type(value), name)


def from_class(cls: type, name: str) -> Any:
    """The same in a class and its bases."""
    for base in mro(cls):
        found = class_dict(base).get(name, MISSING)
        if found is not MISSING:
            return found
    return MISSING


def loaded(name: str, attribute_name: str) -> type | None:
    """A class of a module that is loaded already; None otherwise. Imports nothing."""
    known = _FOUND.get((name, attribute_name))
    if known is not None:
        return known
    module = sys.modules.get(name)
    if module is None or not issubclass(type(module), types.ModuleType):
        return None
    found: Any = module_dict(module).get(attribute_name)
    if not issubclass(type(found), type):
        return None
    return _FOUND.setdefault((name, attribute_name), found)  # asked for again with every value
