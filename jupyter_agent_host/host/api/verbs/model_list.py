"""Models that a picker can offer: what the settings name, what answered before, and the SDK's own short names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from jupyter_agent_host.host.settings import HostSettings

SHORT_NAMES = ("opus", "sonnet", "haiku")
"""The SDK's names for the newest model of each family."""

_IS_GLOB = re.compile(r"[*?\[]")


def offered(settings: HostSettings, used: Iterable[str]) -> tuple[str, ...]:
    """Names without doubles, the likeliest first; each is allowed, or stands for models of which some are."""
    allowed = settings.gateway.allowed_models
    named = [pattern for pattern in allowed if not _IS_GLOB.search(pattern)]
    default = [settings.model] if settings.model else []
    short = [name for name in SHORT_NAMES if _family_allowed(name, allowed)]
    return tuple(dict.fromkeys([*default, *named, *short, *(model for model in used if _allowed(model, allowed))]))


def _allowed(model: str, allowed: Iterable[str]) -> bool:
    return any(fnmatchcase(model, pattern) for pattern in allowed)


def _family_allowed(name: str, allowed: Iterable[str]) -> bool:
    """A glob says nothing of the models that there are: one that a model of this family could fit counts."""
    return any(name in pattern or fnmatchcase(f"claude-{name}-0", pattern) for pattern in allowed)
