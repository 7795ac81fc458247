"""Credentials in a real keyring: keyring's own package, its own configuration, and a backend that it loads by name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("keyring", reason="install the extra `keyring`")
pytestmark = pytest.mark.timeout(60)

BACKEND = '''
import json, os
from pathlib import Path
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

PLACE = Path(os.environ["HOME"], "ring.json")

class Ring(KeyringBackend):
    """Keeps passwords in a file of the home folder; locked while a file `locked` lies there."""

    priority = 1

    def get_password(self, service, username):
        if PLACE.with_name("locked").exists():
            raise KeyringLocked("locked")
        return json.loads(PLACE.read_text()).get(f"{service}/{username}")

    def set_password(self, service, username, password):
        known = json.loads(PLACE.read_text()) if PLACE.exists() else {}
        PLACE.write_text(json.dumps({**known, f"{service}/{username}": password}))

    def delete_password(self, service, username):
        raise NotImplementedError
'''
USE = """
import json, sys
import anyio, keyring
from jupyter_agent_host.errors import CredentialMissingError
from jupyter_agent_host.host.secret_text import read_secret_text
assert type(keyring.get_keyring()).__name__ == "Ring", keyring.get_keyring()
if sys.argv[1]:
    keyring.set_password("index.example", "agent", sys.argv[1])
text = read_secret_text("Bearer {keyring:index.example/agent}", {})
missing = read_secret_text("{keyring:index.example/nobody}", {})
told = {"repr": repr(text), "now": "", "missing": ""}
try:
    told["now"] = anyio.run(text.read)
except CredentialMissingError as err:
    told["now"] = f"ERROR {err}"
try:
    missing.read_now()
except CredentialMissingError as err:
    told["missing"] = str(err)
print(json.dumps(told))
"""


def used(home: Path, password: str = "") -> dict[str, str]:
    """In a process of its own, since keyring remembers its backend; its home and configuration are the test's."""
    done = subprocess.run(
        [sys.executable, "-c", USE, password],
        env={
            "HOME": str(home),
            "PYTHONPATH": str(home),
            "PYTHON_KEYRING_BACKEND": "ring.Ring",
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=40,
    )
    told: dict[str, str] = json.loads(done.stdout)
    return told


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "ring.py").write_text(BACKEND)
    return tmp_path


def test_a_credential_comes_from_the_keyring_and_is_never_shown(home: Path) -> None:
    told = used(home, "tok-in-the-ring")
    assert told["now"] == "Bearer tok-in-the-ring"
    assert "tok-in-the-ring" not in told["repr"]
    assert "index.example/nobody" in told["missing"]


def test_a_keyring_that_is_locked_says_which_entry_is_missing(home: Path) -> None:
    used(home, "tok-in-the-ring")
    (home / "locked").touch()
    told = used(home)
    assert told["now"].startswith("ERROR ")
    assert "index.example/agent" in told["now"]
    assert "tok-in-the-ring" not in told["now"]
