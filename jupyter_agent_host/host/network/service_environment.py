"""Which variables point the tools inside at the services that the gateway signs in to. No tool needs to be changed."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_agent_host.host.settings import ServiceSettings
from jupyter_agent_host.protocol.control import WAY_OUT

_GIT_POST_BYTES = 64 * 1024 * 1024
"""The gateway takes bodies of a known length only; git sends those up to this size."""


def environment(services: Sequence[ServiceSettings]) -> dict[str, str]:
    """Variables of the sandbox; `{way_out}` stands for the way out. The first index of a kind is its tool's default."""
    found: dict[str, str] = {}
    extra: list[str] = []
    git: list[tuple[str, str]] = []
    for service in services:
        inside = inside_url(service)
        if service.use == "pip":
            if found.setdefault("PIP_INDEX_URL", inside) == inside:
                found["UV_INDEX_URL"] = inside
            else:
                extra.append(inside)
        elif service.use == "npm":
            found.setdefault("npm_config_registry", inside)
        elif service.use == "git":
            git.append((f"url.{inside}.insteadOf", service.url))
        elif service.use == "other":
            found[f"AGENT_SERVICE_{service.name.upper().replace('-', '_').replace('.', '_')}"] = inside
    if extra:
        found["PIP_EXTRA_INDEX_URL"] = " ".join(extra)
    return {**found, **_git_settings(git)}


def inside_url(service: ServiceSettings) -> str:
    """The service's address inside the sandbox."""
    return f"{WAY_OUT}/to/{service.name}/{service.url.partition('://')[2].partition('/')[2]}"


def _git_settings(pairs: list[tuple[str, str]]) -> dict[str, str]:
    if not pairs:
        return {}
    pairs = [*pairs, ("http.postBuffer", str(_GIT_POST_BYTES))]
    found = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for index, (key, value) in enumerate(pairs):
        found[f"GIT_CONFIG_KEY_{index}"] = key
        found[f"GIT_CONFIG_VALUE_{index}"] = value
    return found
