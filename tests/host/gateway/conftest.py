"""A plain gateway for the tests that need no settings of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from gateway_door import Door, open_door


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door() as opened:
        yield opened
