"""`jupyter agent-host prune`: clear away what servers that died have left."""

from __future__ import annotations

import argparse
import logging
import shutil
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from traitlets import TraitError

from jupyter_agent_host.errors import AgentHostError, ConfigError, LeaseHeldError
from jupyter_agent_host.host.assembly import JOURNAL, layers_of
from jupyter_agent_host.host.settings import HostSettings
from jupyter_agent_host.host.workspace.notebook_workspace import state_dir
from jupyter_agent_host.sandbox.provider import Sandbox
from jupyter_agent_host.sandbox.provider_registry import load_provider, provider_names
from jupyter_agent_host.server.config.config_files import agent_host_from_files
from jupyter_agent_host.store.host_lock import HostLock, data_folder_id
from jupyter_agent_host.store.journal.journal import Journal

logger = logging.getLogger(__name__)


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "prune",
        help="clear away what dead servers left",
        description="End sandboxes of this data folder whose server is dead, and remove private folders of notebooks "
        "that no journal knows. Conversations are kept. Sandboxes of living servers are not touched.",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prune and say what was done; 0."""
    try:
        settings = agent_host_from_files().to_settings()
    except TraitError as err:
        raise ConfigError(f"A setting is wrong: {err}") from err
    found = anyio.run(_prune, settings, args.dry_run)
    if not found:
        print("There is nothing to clear away.")
    return 0


async def _prune(settings: HostSettings, dry_run: bool) -> int:
    if not (settings.data_dir / JOURNAL).exists():
        return 0
    count = 0
    with HostLock(settings.data_dir) as lock:
        async with await Journal.open(settings.data_dir / JOURNAL) as journal:
            orphans = _Orphans(settings, journal, lock.owner)
            async with aclosing(orphans.sandboxes()) as sandboxes:
                async for sandbox in sandboxes:
                    count += 1
                    await orphans.end(sandbox, dry_run=dry_run)
            if not dry_run:
                swept = await anyio.to_thread.run_sync(
                    layers_of(settings).sweep, state_dir(settings.data_dir, "").parent
                )
                count += len(swept)
                for folder in swept:
                    print(f"unmounted the private layer in {folder}, which no server uses")
            for folder in await orphans.folders():
                count += 1
                print(f"{'would remove' if dry_run else 'removed'} {folder}, of a notebook that no journal knows")
                if not dry_run:
                    await anyio.to_thread.run_sync(shutil.rmtree, folder)
    return count


class _Orphans:
    """What no living host of this data folder owns. A notebook's lease tells: its holder lives, or can be replaced."""

    def __init__(self, settings: HostSettings, journal: Journal, owner: str) -> None:
        self._settings = settings
        self._journal = journal
        self._owner = owner

    async def sandboxes(self) -> AsyncGenerator[Sandbox, None]:
        """Sandboxes of dead hosts, each held by our own lease while the caller looks at it."""
        host_id = data_folder_id(self._settings.data_dir)
        for name in provider_names():
            try:
                provider = load_provider(name, self._settings.provider_settings.get(name))
                try:
                    for sandbox in await provider.reattach(host_id):
                        if await self._take(sandbox.notebook_id):
                            yield sandbox
                            await self._journal.release_lease(sandbox.notebook_id, self._owner)
                finally:
                    await provider.aclose()
            except AgentHostError as err:
                logger.info("sandboxes of %s cannot be looked for: %s", name, err)

    async def end(self, sandbox: Sandbox, *, dry_run: bool) -> None:
        """End one and forget it."""
        word = "would end" if dry_run else "ended"
        if not dry_run:
            await sandbox.destroy()
            await self._journal.drop_sandbox(sandbox.id)
        print(f"{word} {sandbox.provider} sandbox {sandbox.id[:12]}, whose server is dead")

    async def folders(self) -> list[Path]:
        """Private folders of notebooks that the journal does not know."""
        known = {state_dir(self._settings.data_dir, row.notebook_id) for row in await self._journal.list_notebooks()}
        parent = state_dir(self._settings.data_dir, "").parent
        return sorted({path for path in parent.glob("*") if path.is_dir()} - known) if parent.exists() else []

    async def _take(self, notebook_id: str) -> bool:
        try:
            await self._journal.acquire_lease(notebook_id, self._owner)
        except LeaseHeldError:
            return False
        return True
