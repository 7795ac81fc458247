"""A bounded, plain copy of a JSON value from a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_DEPTH = 8
MAX_VALUES = 100_000


class NotPlainError(ValueError):
    """The value is past a limit, or is not JSON. The message is part of a sentence."""


@dataclass(frozen=True)
class PlainLimits:
    """`max_bytes`: all texts together. A text longer than what is left is not even looked at."""

    max_bytes: int
    max_depth: int = MAX_DEPTH
    max_values: int = MAX_VALUES


def plain_copy(value: object, limits: PlainLimits) -> object:
    """Copy dicts, lists and scalars. A fraction without a fractional part becomes a whole number, as it was written.

    Raises:
        NotPlainError: it is larger, deeper, or holds something that JSON cannot.
    """
    return _Copier(limits).copy(value, limits.max_depth)


class _Copier:
    def __init__(self, limits: PlainLimits) -> None:
        self._limits = limits
        self._bytes = limits.max_bytes
        self._values = limits.max_values

    def copy(self, value: object, depth: int) -> object:
        self._values -= 1
        if depth < 0:
            raise NotPlainError(f"it is nested more than {self._limits.max_depth} levels deep")
        if self._values < 0:
            raise NotPlainError(f"it holds more than {self._limits.max_values} values")
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {self._name(name): self.copy(part, depth - 1) for name, part in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.copy(part, depth - 1) for part in value]
        return _scalar(value)

    def _name(self, name: object) -> str:
        if not isinstance(name, str):
            raise NotPlainError("it is not JSON")
        return self._text(name)

    def _text(self, text: str) -> str:
        self._bytes -= len(text)
        if self._bytes < 0:
            mib = self._limits.max_bytes / 1024 / 1024
            raise NotPlainError(f"it is larger than {mib:.3g} MiB")
        if not text.isascii():
            _check_unicode(text)
        return text


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotPlainError("it holds text that is not Unicode") from None


def _scalar(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise NotPlainError("it is not JSON")
