"""One host, opened from traits: what a Jupyter server and a kernel without a server have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread
from nbformat.sign import NotebookNotary

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.notebook.notebook_access import NotebookAccess
from jupyter_agent_host.host.settings import Credential, HostSettings
from jupyter_agent_host.server.config.agent_host_traits import AgentHost
from jupyter_agent_host.store.envelope.signatures import SigningKey, derive_key

if TYPE_CHECKING:
    from jupyter_agent_host.host.api.manager import Manager

SCRIPTED_LABEL = "scripted model"


@asynccontextmanager
async def open_configured_host(
    config: AgentHost,
    *,
    notebook_secret: bytes | None = None,
    notebooks: NotebookAccess | None = None,
    root: Path | None = None,
) -> AsyncIterator[Manager]:
    """Open a host with these traits; everything closes with the block.

    `notebook_secret` is that of the server's contents manager; without one, that of this user's Jupyter data folder.
    `notebooks` finds the cells and kernels of notebooks, where there is a server that has them; `root` is that server's
    root folder.
    With no credential set and `scripted_model` given, a scripted model is the upstream, and every surface says so.

    Raises:
        AgentHostError: a setting is wrong, or the host cannot run here.
    """
    # Imported here: the host's parts cost a second that a starting Jupyter server need not wait for. In a thread, since
    # the server answers its first pages meanwhile.
    await anyio.to_thread.run_sync(import_module, "jupyter_agent_host.host.assembly")
    from jupyter_agent_host.host.assembly import open_host  # noqa: PLC0415 - see above

    secret = _own_secret() if notebook_secret is None else notebook_secret
    settings = config.to_settings(signing_keys(secret, config.secret_file), root)
    async with AsyncExitStack() as stack:
        if config.scripted_model and settings.gateway.credential is None:
            settings = await _scripted(stack, settings, config.scripted_model)
        yield await stack.enter_async_context(open_host(settings, notebooks=notebooks))


async def _scripted(stack: AsyncExitStack, settings: HostSettings, script: str) -> HostSettings:
    from jupyter_agent_host.scripted_model import ScriptedModel, ScriptError  # noqa: PLC0415 - demos only

    try:
        model = await stack.enter_async_context(ScriptedModel(script))
    except ScriptError as err:
        raise ConfigError(f"AgentHost.scripted_model cannot be used: {err}") from err
    gateway = replace(
        settings.gateway, base_url=model.url, credential=Credential("api_key", "scripted"), label=SCRIPTED_LABEL
    )
    return replace(settings, gateway=gateway)


def _own_secret() -> bytes:
    return secret_of(NotebookNotary())  # type: ignore[no-untyped-call]


def secret_of(notary: NotebookNotary) -> bytes:
    """The notebook secret, made if need be. Some releases of nbformat do not make the folder that it is in."""
    Path(str(notary.secret_file)).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return bytes(notary.secret)


_MIN_SECRET_BYTES = 16


def signing_keys(notebook_secret: bytes, secret_file: str = "") -> tuple[SigningKey, ...]:
    """The shared secret's key first when there is one: it signs, and this server's own key still verifies.

    Raises:
        ConfigError: the shared secret cannot be read, or is too short to be one.
    """
    secrets = [notebook_secret]
    if secret_file:
        secrets.insert(0, _read_secret(Path(secret_file).expanduser()))
    return tuple(derive_key(secret) for secret in secrets)


def _read_secret(path: Path) -> bytes:
    try:
        secret = path.read_bytes().strip()
    except OSError as err:
        raise ConfigError(f"AgentHost.secret_file {str(path)!r} cannot be read: {err.strerror}.") from err
    if len(secret) < _MIN_SECRET_BYTES:
        raise ConfigError(f"AgentHost.secret_file {str(path)!r} holds less than {_MIN_SECRET_BYTES} bytes of secret.")
    return secret
