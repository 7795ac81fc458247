"""A namespace that means harm: whatever is asked of these objects hangs, explodes, lies or is too large."""

from __future__ import annotations

import time
import types
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pandas as pd

TOUCHED: list[str] = []


def _trap(*_args: Any, **_kwargs: Any) -> Any:
    TOUCHED.append("a trap")
    time.sleep(3600)


class _Meta(type):
    __instancecheck__ = __subclasscheck__ = __call__ = _trap
    __name__ = property(_trap)  # type: ignore[assignment]
    __module__ = property(_trap)  # type: ignore[assignment]

    def __getattribute__(cls, name: str) -> Any:
        return _trap()


class Blocks:
    """Every question blocks."""

    __repr__ = __str__ = __len__ = __iter__ = __sizeof__ = __getattr__ = __dir__ = __eq__ = _trap
    __hash__ = object.__hash__
    __class__ = property(_trap)  # type: ignore[assignment]
    __dict__ = property(_trap)  # type: ignore[assignment]
    shape = dtype = nbytes = columns = property(_trap)
    _repr_html_ = _repr_mimebundle_ = property(_trap)

    def __getattribute__(self, name: str) -> Any:
        return _trap()


class Raises:
    """Every question raises what few catch."""

    def __repr__(self) -> str:
        raise SystemExit

    __str__ = __len__ = __sizeof__ = __repr__  # type: ignore[assignment]


class Huge:
    """Its text is a gigabyte."""

    def __repr__(self) -> str:
        TOUCHED.append("a gigabyte")
        return "x" * 10**9


class Evil(metaclass=_Meta):
    """A class whose class answers for it."""


class LyingText(str):
    """A text whose methods lie."""

    __len__ = __str__ = __repr__ = __getitem__ = __format__ = _trap  # type: ignore[assignment]
    __slots__ = ()


class LyingDict(dict):  # type: ignore[type-arg]
    """A dict whose methods lie."""

    __len__ = __repr__ = __iter__ = items = keys = values = __getitem__ = __sizeof__ = _trap  # type: ignore[assignment]


class Twin:
    """A key that equals what is looked for."""

    def __hash__(self) -> int:
        return hash("shape")

    __eq__ = _trap


class Lazy(types.ModuleType):
    """A module that loads itself when touched."""

    def __getattribute__(self, name: str) -> Any:
        return _trap()


class Proxy:
    """Pretends to be what it would load."""

    __class__ = property(_trap)  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        return _trap()


class SubFrame(pd.DataFrame):  # type: ignore[misc]
    """A frame that loads itself when touched."""

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name) if name.startswith("_") else _trap()


def _blocks() -> Blocks:
    return object.__new__(Blocks)


def namespace() -> dict[Any, Any]:
    """The hostile namespace. Making it touches nothing."""
    recursive: list[Any] = [1]
    recursive.append(recursive)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    objects = np.empty(3, dtype=object)
    for at, one in enumerate((_blocks(), Raises(), Huge())):
        objects[at] = one
    object_frame = pd.DataFrame({"a": [1, 2, 3]})
    object_frame["b"] = pd.Series(objects, dtype=object)
    sub_frame = pd.DataFrame({"a": [1]})
    object.__setattr__(sub_frame, "__class__", SubFrame)
    evil = type.__new__(_Meta, "Evil", (), {})
    twin = types.SimpleNamespace()
    vars(twin)[Twin()] = 1  # type: ignore[index]
    named: dict[Any, Any] = {
        "blocks": _blocks(),
        "raises": Raises(),
        "huge": Huge(),
        "evil_class": evil,
        "evil": object.__new__(evil),
        "lying_text": LyingText("abc"),
        "lying_dict": LyingDict(a=_blocks()),
        "nested": {"a": [_blocks(), Raises()], Raises(): 1},
        "recursive": recursive,
        "deep": deep,
        "lazy_module": Lazy("lazy"),
        "proxy": Proxy(),
        "twin": twin,
        "big_array": np.zeros((50_000, 25_000)),
        "objects": objects,
        "object_frame": object_frame,
        "sub_frame": sub_frame,
        "wide_frame": pd.DataFrame(np.zeros((1, 100_000))),
        "integer": 1 << 16_609_640,
        "text": "x" * 50_000_000,
        "million": list(range(1_000_000)),
        "bytes": bytes(10**7),
        "ordered": OrderedDict(a=1),
        "point": namedtuple("Point", "x y")(1, 2),  # noqa: PYI024
        "generator": (_trap() for _ in range(3)),
        LyingText("odd"): 1,
        7: "not a string",
        Twin(): "twin",
    }
    return named
