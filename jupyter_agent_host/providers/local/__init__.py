"""Sandboxes of bubblewrap (https://github.com/containers/bubblewrap): namespaces and a system call filter, no engine.

Owns the bwrap command line, what it mounts of the host and what this kernel permits; the child process itself is
`providers.common`'s. `provider.py` is where one enters.
"""

from jupyter_agent_host.providers.local.provider import LocalProvider

__all__ = ["LocalProvider"]
