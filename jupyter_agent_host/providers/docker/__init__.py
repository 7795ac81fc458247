from jupyter_agent_host.providers.docker.provider import DockerProvider

__all__ = ["DockerProvider"]
