"""Which provider is chosen, and what is said about it. Every provider here is the real one, told where not to look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_agent_host.errors import ConfigError, ProviderMissingError, ProviderUnavailableError
from jupyter_agent_host.host.sandboxes.provider_choice import choose_provider, survey
from jupyter_agent_host.host.settings import Credential, GatewaySettings, HostSettings

pytestmark = pytest.mark.anyio

NO_IMAGE = {"image": "agent-host-of-nobody:none"}
NO_BWRAP = {"bwrap": "/nowhere/bwrap"}
REAL_KEY = GatewaySettings(credential=Credential("api_key", "sk-secret"))


@pytest.fixture
def bare(tmp_path: Path) -> HostSettings:
    """A machine with neither the image (nor, perhaps, an engine) nor bubblewrap."""
    return HostSettings(data_dir=tmp_path, provider_settings={"docker": NO_IMAGE, "local": NO_BWRAP})


async def test_auto_falls_from_docker_to_local(bare: HostSettings) -> None:
    choice = await choose_provider(replace(bare, provider_settings={"docker": NO_IMAGE}))
    if not choice.report.available:
        pytest.skip(choice.report.reason)
    assert choice.provider.name == choice.report.provider == "local"
    assert [report.provider for report in choice.tried] == ["docker", "local"]
    assert "docker: " in choice.reason
    assert choice.reason.startswith("Sandboxes are made by local, the first of docker, local that works.")
    await choice.provider.aclose()


async def test_auto_never_ends_unsandboxed_unless_allowed(bare: HostSettings) -> None:
    with pytest.raises(ProviderUnavailableError) as caught:
        await choose_provider(bare)
    for words in ("No sandbox can be made here.", "docker: ", "apt install bubblewrap", "allow_unsandboxed = True"):
        assert words in str(caught.value)


async def test_auto_ends_unsandboxed_when_allowed(bare: HostSettings) -> None:
    choice = await choose_provider(replace(bare, allow_unsandboxed=True))
    assert choice.provider.name == "process"
    assert choice.report.isolation is not None
    assert choice.report.isolation.phrase == "not isolated"


@pytest.mark.parametrize("provider", ["auto", "process"])
async def test_a_real_key_does_not_meet_an_unsandboxed_agent(bare: HostSettings, provider: str) -> None:
    settings = replace(bare, provider=provider, allow_unsandboxed=True, gateway=REAL_KEY)
    with pytest.raises(ConfigError, match="allow_key_unsandboxed") as caught:
        await choose_provider(settings)
    assert "sk-secret" not in str(caught.value)
    for fine in (
        replace(settings, allow_key_unsandboxed=True),
        replace(settings, gateway=replace(REAL_KEY, label="scripted model")),
        replace(settings, gateway=GatewaySettings()),
    ):
        assert (await choose_provider(fine)).provider.name == "process"


async def test_process_has_to_be_allowed(bare: HostSettings) -> None:
    with pytest.raises(ConfigError, match="allow_unsandboxed"):
        await choose_provider(replace(bare, provider="process"))


@pytest.mark.parametrize(("name", "words"), [("local", "apt install bubblewrap"), ("docker", "docker")])
async def test_a_named_provider_that_does_not_work_is_an_error(bare: HostSettings, name: str, words: str) -> None:
    with pytest.raises(ProviderUnavailableError, match=words) as caught:
        await choose_provider(replace(bare, provider=name, allow_unsandboxed=True))
    assert caught.value.provider == name


async def test_unknown_names_and_settings_are_told(bare: HostSettings) -> None:
    with pytest.raises(ProviderMissingError, match="'nope'"):
        await choose_provider(replace(bare, provider="nope"))
    with pytest.raises(ConfigError, match="nosuch"):
        await choose_provider(replace(bare, provider="local", provider_settings={"local": {"nosuch": 1}}))


async def test_the_survey_asks_everybody_and_never_raises(bare: HostSettings) -> None:
    wrong = replace(bare, provider="nope", provider_settings={"docker": NO_IMAGE, "local": {"nosuch": 1}})
    reports = {report.provider: report for report in await survey(wrong)}
    assert [*reports][:3] == ["docker", "local", "process"]
    assert {name: report.available for name, report in reports.items()} == {
        "docker": False,
        "local": False,
        "process": True,
        "nope": False,
    }
    assert "nosuch" in reports["local"].reason
