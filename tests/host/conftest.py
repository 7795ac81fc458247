"""One fixture: open a real host."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from house import SCRIPT, House, OpenHouse

from jupyter_agent_host.host.assembly import open_host
from jupyter_agent_host.host.settings import Credential, GatewaySettings, HostSettings
from jupyter_agent_host.scripted_model import ScriptedModel
from jupyter_agent_host.store.envelope.signatures import derive_key


@pytest.fixture
def open_house(tmp_path: Path) -> OpenHouse:
    """Open a host; settings and folders can be changed, so that a second one can be another machine."""

    @asynccontextmanager
    async def opened(
        *,
        machine: str = "one",
        project: Path | None = None,
        script: Any = SCRIPT,
        outside: Any = None,
        notebooks: Any = None,
        **changes: Any,
    ) -> AsyncIterator[House]:
        folder = project or tmp_path / "project"
        folder.mkdir(exist_ok=True)
        async with ScriptedModel(script) as model:
            settings = HostSettings(
                data_dir=tmp_path / machine,
                provider="process",
                allow_unsandboxed=True,
                gateway=GatewaySettings(
                    base_url=model.url, credential=Credential("api_key", "sk-test-secret"), label="scripted model"
                ),
                signing_keys=(derive_key(machine.encode()),),
            )
            async with open_host(replace(settings, **changes), outside=outside, notebooks=notebooks) as manager:
                yield House(manager, model, folder / "notebook.ipynb", tmp_path / machine)

    return opened
