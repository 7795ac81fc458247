"""The version of this distribution, as in pyproject.toml: in a module of its own, so that nobody imports the root."""

__version__ = "0.1.0"
