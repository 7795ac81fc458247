"""What `%agent timing` tells of a turn."""

from __future__ import annotations

from jupyter_agent_host.notebook.commands.timing_table import timing_text
from jupyter_agent_host.notebook.turns.turn_timing import CellMoments


def test_steps_are_told_in_the_order_they_happened() -> None:
    cell = {"cell_began": 100.0, "cell_sent": 100.001, "cell_first_text": 100.050, "cell_finished": 100.080}
    host = {"asked": 100.004, "first_text": 100.045, "end_heard": 100.060, "from_tomorrow": 100.061}
    text = timing_text(cell, host)
    lines = [line.split(maxsplit=2) for line in text.plain.split("\n")[1:]]
    assert [(at, took) for at, took, _ in lines] == [
        ("0.0", "0.0"),
        ("1.0", "1.0"),
        ("4.0", "3.0"),
        ("45.0", "41.0"),
        ("50.0", "5.0"),
        ("60.0", "10.0"),
        ("80.0", "20.0"),
    ]
    assert [words.partition(":")[0] for _, _, words in lines] == [
        "cell",
        "cell",
        "server",
        "model, CLI and runner",
        "cell",
        "model, CLI and runner",
        "cell",
    ]
    assert "| 45.0 | 41.0 | model, CLI and runner: first text at the host |" in text.markdown


def test_without_a_turn_that_is_said() -> None:
    assert "No turn" in timing_text({}, {"asked": 1.0}).plain


def test_the_first_time_counts() -> None:
    moments = CellMoments()
    moments.note("cell_began")
    first = moments.moments["cell_began"]
    moments.note("cell_began")
    assert moments.moments == {"cell_began": first}
