"""Names that code in the person's kernel may import: a file of the same name beside a notebook would run instead."""

from __future__ import annotations

import os
import sys
from functools import cache

_COMMON = (
    "bokeh",
    "dask",
    "keras",
    "matplotlib",
    "numpy",
    "openpyxl",
    "pandas",
    "pip",
    "plotly",
    "polars",
    "pyarrow",
    "requests",
    "scipy",
    "seaborn",
    "setuptools",
    "sklearn",
    "statsmodels",
    "tensorflow",
    "torch",
    "tqdm",
)
"""Kernels may run another environment than this server: what most of them import."""

_EVERYBODYS = frozenset({"benchmarks", "build", "data", "docs", "examples", "scripts", "src", "test", "tests"})
"""Folders that projects have of their own; packages that leave one at the top of site-packages do so by mistake."""


@cache
def importable_names() -> frozenset[str]:
    """Top-level names of the standard library, of what this environment holds, and of widely used packages."""
    names = {*sys.stdlib_module_names, *_COMMON}
    for place in sys.path:
        if os.path.basename(place) in ("site-packages", "dist-packages"):  # noqa: PTH119 - sys.path holds strings
            names.update(_names_in(place))
    return frozenset(name.casefold() for name in names) - _EVERYBODYS


def module_name(file_name: str) -> str:
    """The module that a file of this name is, "" if it is none."""
    stem, _, kind = file_name.partition(".")
    return stem.casefold() if kind.rpartition(".")[2].casefold() in ("py", "pyc", "pyw", "so", "pyd") else ""


def _names_in(place: str) -> list[str]:
    try:
        with os.scandir(place) as entries:
            return [
                module_name(entry.name) or entry.name
                for entry in entries
                if module_name(entry.name) or (entry.name.isidentifier() and entry.is_dir())
            ]
    except OSError:
        return []
