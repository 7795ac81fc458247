"""Words of the CLI about failures, as a person reads them."""

from __future__ import annotations

import pytest

from jupyter_agent_host.runner.translation.turn_end import without_loopback


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Overloaded. If it persists, check your inference gateway (127.0.0.1:44123).", "Overloaded."),
        ("Unable to connect to http://127.0.0.1:44123/v1/messages", "Unable to connect to the model's service"),
        ("Rate limited; see localhost:9; try later.", "Rate limited; try later."),
        ("Version 127.0.1 is old.", "Version 127.0.1 is old."),
        ("", ""),
    ],
)
def test_no_address_inside_the_sandbox_is_named(said: str, shown: str) -> None:
    assert without_loopback(said) == shown
