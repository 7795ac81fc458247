"""What everybody does with the panel, without real-time collaboration."""

from __future__ import annotations

import pytest
from lab_scenarios import ROWS, Row
from lab_window import Lab, OpenWindow

pytestmark = pytest.mark.timeout(240)  # some 10 s each on an idle machine


@pytest.mark.parametrize("row", [row for row in ROWS if not row.collaboration], ids=lambda row: row.name)
def test_it_works(lab: Lab, window: OpenWindow, row: Row) -> None:
    row.run(lab, window)


def test_the_rows_have_every_pair() -> None:
    values = [(row.collaboration, row.front_end, row.theme) for row in ROWS]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert len({(row[one], row[other]) for row in values}) == 4
