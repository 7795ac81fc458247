"""Running Jupyter servers of this user, and their agents over REST."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
from jupyter_server.serverapp import list_running_servers

from jupyter_agent_host.errors import AgentHostError, ServerUnreachableError, UnknownNotebookError
from jupyter_agent_host.protocol.host_api import Done, Failure, NotebookInfo, Simple

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class JupyterServer:
    """One running server: its address, and the token that its own file gives to this user."""

    url: str
    root_dir: str
    token: str = field(repr=False)

    def client(self) -> httpx.Client:
        """An HTTP client for this server; `list_running_servers` names only this machine's, so no proxy is asked."""
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"token {self.token}"},
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=5.0),
            # The certificate of a server that listens on loopback names its public host.
            verify=urlsplit(self.url).hostname not in _LOOPBACK,
            trust_env=False,
        )


@dataclass(frozen=True)
class FoundNotebook:
    """One notebook's agent, and the server that hosts it."""

    server: JupyterServer
    info: NotebookInfo

    @property
    def path(self) -> str:
        """Absolute path, as far as the server's root tells."""
        return str(Path(self.server.root_dir) / self.info.path)


def running_servers() -> list[JupyterServer]:
    """Servers of this user that run now on this machine."""
    return [
        JupyterServer(url=server["url"], root_dir=server.get("root_dir", ""), token=server.get("token", ""))
        for server in list_running_servers()
    ]


def found_notebooks(servers: list[JupyterServer]) -> Iterator[FoundNotebook]:
    """Every notebook that has an agent, server by server. Servers without our extension have none."""
    for server in servers:
        with server.client() as client:
            response = request(client, "GET", "agent-host/notebooks", missing_ok=True)
            if response is not None:
                for info in msgspec.json.decode(response.content, type=list[NotebookInfo]):
                    yield FoundNotebook(server, info)


def find_notebook(path: str) -> FoundNotebook:
    """The agent of the notebook at this path, whichever server hosts it.

    Raises:
        UnknownNotebookError: no running server has one.
    """
    wanted = Path(path).resolve()
    for found in found_notebooks(running_servers()):
        if Path(found.path).resolve() == wanted:
            return found
    raise UnknownNotebookError(f"No running Jupyter server has an agent for {path}; see `jupyter agent-host list`.")


def stop_agent(found: FoundNotebook) -> Done:
    """End the notebook's sandbox; its conversation is kept."""
    with found.server.client() as client:
        response = request(client, "POST", f"agent-host/notebooks/{found.info.notebook_id}/stop", body=Simple())
        return msgspec.json.decode(response.content, type=Done)


def request(client: httpx.Client, method: str, path: str, *, body: Any = None, missing_ok: bool = False) -> Any:
    """One request to a server's REST; its response, or None for a 404 with `missing_ok`.

    Raises:
        ServerUnreachableError: it did not answer.
        AgentHostError: it refused; the sentence is the server's own.
    """
    try:
        response = client.request(method, path, content=None if body is None else msgspec.json.encode(body))
    except httpx.TransportError as err:
        raise ServerUnreachableError(f"The Jupyter server at {client.base_url} did not answer: {err}.") from err
    if missing_ok and response.status_code == httpx.codes.NOT_FOUND:
        return None
    if response.is_success:
        return response
    try:
        raise AgentHostError(msgspec.json.decode(response.content, type=Failure).message)
    except (msgspec.DecodeError, msgspec.ValidationError) as err:
        raise AgentHostError(
            f"The Jupyter server at {client.base_url} answered {response.status_code} {response.reason_phrase}."
        ) from err
