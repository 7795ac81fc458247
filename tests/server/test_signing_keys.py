"""Whose signature a server knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.server.configured_host import signing_keys

OWN, SHARED = b"own" * 20, b"shared" * 10


def test_one_secret_gives_one_key_always_the_same() -> None:
    assert signing_keys(OWN) == signing_keys(OWN)
    assert OWN not in signing_keys(OWN)[0].secret


def test_the_shared_secret_signs_and_the_own_still_verifies(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(SHARED + b"\n")
    shared, own = signing_keys(OWN, str(path))
    assert own == signing_keys(OWN)[0]
    assert shared == signing_keys(SHARED)[0]
    assert shared.key_id != own.key_id


@pytest.mark.parametrize("content", [None, b"", b"short"])
def test_a_bad_shared_secret_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="secret_file"):
        signing_keys(OWN, str(path))
