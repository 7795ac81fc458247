"""Run a notebook from top to bottom on a kernel of a Jupyter server, as if somebody had it open there."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import anyio
import httpx
import nbformat
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import find_connection_file
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from jupyter_agent_host.cli.shared.file_replacement import replace_file
from jupyter_agent_host.cli.shared.running_servers import JupyterServer, request
from jupyter_agent_host.errors import AgentHostError

OnCell = Callable[[NotebookNode, int], None]


_SILENCE_SECONDS = 20.0


class CellFailedError(AgentHostError):
    """A cell raised, took too long, or lost its kernel. What ran before is kept."""

    code = "cell_failed"


class ServerKernel:
    """A kernel that a Jupyter server owns, in the shape of the kernel manager that nbclient wants."""

    has_kernel = True

    def __init__(self, http: httpx.Client, kernel_id: str) -> None:
        self.kernel_id = kernel_id
        self._http = http

    def client(self) -> AsyncKernelClient:
        """A client on the kernel's own sockets: nbclient runs on this machine, as this user."""
        client = AsyncKernelClient(connection_file=find_connection_file(f"kernel-{self.kernel_id}.json"))
        client.load_connection_file()
        # A kernel that imports something large on a busy machine misses a beat or two, and is not dead.
        client.hb_channel.time_to_dead = _SILENCE_SECONDS
        return client

    async def is_alive(self) -> bool:
        """Whether the server still has it."""
        response = await anyio.to_thread.run_sync(lambda: self._ask("GET", ""))
        return response is not None and response.json()["execution_state"] != "dead"

    async def interrupt_kernel(self) -> None:
        """Stop the running cell."""
        await anyio.to_thread.run_sync(lambda: self._ask("POST", "/interrupt"))

    async def shutdown_kernel(self, *, now: bool = False) -> None:
        """The server ends it, with its session."""

    async def cleanup_resources(self) -> None:
        """The connection file is the server's."""

    def _ask(self, method: str, action: str) -> Any:
        return request(self._http, method, f"api/kernels/{self.kernel_id}{action}", missing_ok=True)


def run_notebook(
    server: JupyterServer,
    path: Path,
    *,
    timeout: float | None = None,
    allow_errors: bool = False,
    on_cell: OnCell | None = None,
) -> tuple[NotebookNode, CellFailedError | None]:
    """Run every cell; the notebook with its outputs and its saved session, and the failure that ended it early.

    `path` is the notebook's absolute path, below the server's root. Nobody can be asked: there is no stdin. `timeout`
    is in seconds, for each cell. `on_cell(cell, index)` is called after each code cell.

    Raises:
        AgentHostError: the notebook or its kernel cannot be had.
    """
    notebook = read_notebook(path)
    with server.client() as http:
        api_path = path.relative_to(Path(server.root_dir).resolve()).as_posix()
        session = _start_session(http, api_path, notebook)
        client = NotebookClient(
            notebook,
            km=cast(Any, ServerKernel(http, session["kernel"]["id"])),
            timeout=timeout,
            allow_errors=allow_errors,
            on_cell_executed=_hook(on_cell),
        )
        failure = None
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as err:
            failure = CellFailedError(_sentence(err))
        except RuntimeError as err:
            # nbclient's own clean-up at exit would fail over the kernel that it never had.
            atexit.unregister(client._cleanup_kernel)  # noqa: SLF001 - registered by nbclient, see above
            raise AgentHostError(f"The kernel did not start: {err}.") from err
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
        _put_session_into(http, api_path, notebook)
        with suppress(AgentHostError):
            request(http, "DELETE", f"api/sessions/{session['id']}", missing_ok=True)
    return notebook, failure


def read_notebook(path: Path) -> NotebookNode:
    """The notebook at this path, in the current format.

    Raises:
        AgentHostError: it is not there, or no notebook.
    """
    try:
        return cast(NotebookNode, nbformat.read(path, as_version=4))  # type: ignore[no-untyped-call]
    except OSError as err:
        raise AgentHostError(f"{path} cannot be read: {err.strerror}.") from err
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, KeyError, AttributeError) as err:
        raise AgentHostError(f"{path} is no notebook.") from err


def write_notebook(path: Path, notebook: NotebookNode) -> None:
    """Replace the file by this notebook, in one step.

    Raises:
        AgentHostError: it cannot be written.
    """
    replace_file(path, nbformat.writes(notebook) + "\n")  # type: ignore[no-untyped-call]


def _start_session(http: httpx.Client, api_path: str, notebook: NotebookNode) -> Any:
    kernel_name = notebook.metadata.get("kernelspec", {}).get("name", "python3")
    names = request(http, "GET", "api/kernelspecs").json()
    if kernel_name not in names["kernelspecs"]:
        kernel_name = names["default"]
    body = {"path": api_path, "name": Path(api_path).name, "type": "notebook", "kernel": {"name": kernel_name}}
    return request(http, "POST", "api/sessions", body=body).json()


def _put_session_into(http: httpx.Client, api_path: str, notebook: NotebookNode) -> None:
    info = request(http, "POST", "agent-host/open", body={"path": api_path}).json()
    envelope = request(http, "GET", f"agent-host/notebooks/{info['notebookId']}/envelope?wait=1").json()
    if envelope is not None:
        notebook.metadata["agent_host"] = envelope


def _hook(on_cell: OnCell | None) -> Any:
    if on_cell is None:
        return None

    def called(*, cell: NotebookNode, cell_index: int, execute_reply: object) -> None:  # noqa: ARG001 - nbclient's
        on_cell(cell, cell_index)

    return called


def _sentence(error: Exception) -> str:
    if isinstance(error, CellExecutionError):
        return f"A cell failed: {error.ename}: {error.evalue}"
    if isinstance(error, CellTimeoutError):
        return "A cell took longer than the time it was given (--timeout)."
    return "The kernel died."
