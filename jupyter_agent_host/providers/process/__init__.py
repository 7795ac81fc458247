"""A plain process tree of the person's own user: it isolates nothing, and says so.

Owns the supervisor that ends with its host (`child_supervisor.py`); all else is `providers.common`'s. `provider.py` is
where one enters.
"""

from jupyter_agent_host.providers.process.provider import ProcessProvider

__all__ = ["ProcessProvider"]
