"""A journal in a folder of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jupyter_agent_host.store.journal.journal import Journal


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.sqlite"


@pytest.fixture
async def journal(journal_path: Path, anyio_backend: str) -> AsyncIterator[Journal]:
    async with await Journal.open(journal_path) as opened:
        yield opened
