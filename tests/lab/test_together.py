"""What everybody does with the panel, with real-time collaboration."""

from __future__ import annotations

import pytest
from lab_scenarios import ROWS, Row
from lab_window import Lab, OpenWindow

RTC = True
pytestmark = pytest.mark.timeout(240)  # some 10 s each on an idle machine


@pytest.mark.parametrize("row", [row for row in ROWS if row.collaboration], ids=lambda row: row.name)
def test_it_works(lab: Lab, window: OpenWindow, row: Row) -> None:
    row.run(lab, window)
