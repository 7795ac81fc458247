"""Providers by name, through entry points: only the one that is asked for is imported."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from jupyter_agent_host.errors import ProviderMissingError
from jupyter_agent_host.sandbox.provider import Provider

GROUP = "jupyter_agent_host.providers"


def provider_names() -> list[str]:
    """Names of all installed providers, sorted. Imports none of them."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def load_provider(name: str, settings: Mapping[str, Any] | None = None) -> Provider:
    """Import one provider and construct it with its settings (keyword arguments of its class).

    Raises:
        ProviderMissingError: no provider of that name, two of them, or its SDK is not installed.
    """
    point = _find(name)
    try:
        factory = point.load()
    except ModuleNotFoundError as err:
        raise ProviderMissingError(
            f"The {name} provider needs {err.name}: pip install 'jupyter-agent-host[{name}]'", provider=name
        ) from err
    provider: Provider = factory(**(settings or {}))
    return provider


def _find(name: str) -> EntryPoint:
    points = {point.value: point for point in entry_points(group=GROUP, name=name)}
    if not points:
        known = ", ".join(provider_names()) or "none"
        raise ProviderMissingError(f"No sandbox provider is called {name!r}; installed: {known}.", provider=name)
    if len(points) > 1:
        raise ProviderMissingError(
            f"Several packages bring a provider called {name!r}: {', '.join(sorted(points))}. Uninstall all but one.",
            provider=name,
        )
    return next(iter(points.values()))
