from jupyter_agent_host.providers.local.provider import LocalProvider

__all__ = ["LocalProvider"]
