"""Keeping the start short: the SDK's dependencies import more than a runner needs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_UNUSED = ("rfc3987_syntax",)
"""An optional part of jsonschema that compiles a grammar on import: more than half of the SDK's import time in
environments that hold it (Jupyter's own do). It checks the `iri` format of JSON schemas, of which we have none."""


def skip_unused() -> None:
    """Make those modules count as not installed in this process. Call it before the SDK is imported.

    A None in `sys.modules` forbids the import (Python's reference, "The module cache").
    """
    for name in _UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


@contextmanager
def no_garbage() -> Iterator[None]:
    """Import without the garbage collector, which would walk the thousands of new classes over and over.

    They stay for good, so afterwards it leaves them alone (`gc.freeze`).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
