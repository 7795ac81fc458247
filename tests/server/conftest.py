"""Fixtures of these tests; see `server_lab`."""

from __future__ import annotations

from server_lab import jupyter_folders, lab, make_lab

__all__ = ["jupyter_folders", "lab", "make_lab"]
