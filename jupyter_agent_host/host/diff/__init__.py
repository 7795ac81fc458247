"""Diffs and three-way merges of text. Pure; called by `host.permissions` and `host.review`."""
