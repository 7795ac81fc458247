from jupyter_agent_host.providers.process.provider import ProcessProvider

__all__ = ["ProcessProvider"]
