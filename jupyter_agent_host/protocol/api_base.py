"""Roots of everything that travels between the doors and the host."""

from __future__ import annotations

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Root of all requests."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Root of all answers."""
