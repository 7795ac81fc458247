"""Fixtures of these tests; see `run_command`."""

from __future__ import annotations

from run_command import command, configure, environment

__all__ = ["command", "configure", "environment"]
