"""Sandboxes as containers, on any engine that speaks Docker's API (Docker, Podman; here, in a VM or behind TLS).

Owns the container of one sandbox: its arguments, mounts, image check, connections and end. `provider.py` is where one
enters, `create_container.py` makes a container and `docker_sandbox.py` is what the host then holds. Finding the engine
and mapping its errors is `container_engine`.
"""

from jupyter_agent_host.providers.docker.provider import DockerProvider

__all__ = ["DockerProvider"]
