"""Our event schemas in the form that the installed jupyter-events reads."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, cast

from jupyter_events import yaml

_WANTS_NUMBERS = ("0.10",)
"""Releases that refuse a version in words, which every later one demands."""


def readable_schema(text: str) -> dict[str, Any]:
    """A schema from its YAML."""
    schema = cast(dict[str, Any], yaml.loads(text))
    if version("jupyter-events").startswith(_WANTS_NUMBERS):
        schema["version"] = int(schema["version"])
    return schema
