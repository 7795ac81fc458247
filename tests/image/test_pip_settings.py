"""The person's package index reaches the build, and nothing of it is shown."""

from __future__ import annotations

from configparser import ConfigParser

import pytest

from jupyter_agent_host.image.pip_settings import PipSettings, parse_pip_config, read_pip_settings

LISTING = """\
:env:.extra-index-url='https://tok3n@more.example/simple'
:env:.find-links='/opt/wheels'
global.index-url='https://me:s%40cret@packages.example/simple'
global.find-links='https://a.example/links file:///opt/wheels'
global.timeout='30'
install.trusted-host='packages.example'
install.timeout='60'
global.no-such-thing='1'
freeze.timeout='99'
"""


def test_what_means_something_elsewhere_is_taken() -> None:
    parsed = ConfigParser(interpolation=None)
    parsed.read_string(parse_pip_config(LISTING).to_config(with_ca=True))
    assert dict(parsed["global"]) == {
        "index-url": "https://me:s%40cret@packages.example/simple",
        "extra-index-url": "https://tok3n@more.example/simple",
        "timeout": "60",
        "trusted-host": "packages.example",
        "cert": "/run/settings/ca.pem",
    }


def test_secrets_are_known_and_not_in_the_repr() -> None:
    settings = parse_pip_config(LISTING)
    assert settings.secrets == ("s%40cret", "tok3n")
    assert "cret" not in repr(settings)


def test_nothing_set_is_nothing_said() -> None:
    assert parse_pip_config("") == PipSettings()
    assert PipSettings().to_config(with_ca=False) == "[global]\n"


def test_the_environment_of_this_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://here.example/simple")
    assert read_pip_settings().options["index-url"] == "https://here.example/simple"
