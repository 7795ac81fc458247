"""Which provider makes this host's sandboxes: the one that is asked for, or for `auto` the safest that works here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from jupyter_agent_host.errors import AgentHostError, ConfigError, ProviderMissingError, ProviderUnavailableError
from jupyter_agent_host.host.settings import HostSettings
from jupyter_agent_host.sandbox.provider import Provider
from jupyter_agent_host.sandbox.provider_registry import load_provider, provider_names
from jupyter_agent_host.sandbox.spec import ProviderReport

AUTO = "auto"
UNSANDBOXED = "process"
AUTO_ORDER = ("docker", "local")
_PROBE_SECONDS = 60


@dataclass(frozen=True)
class ProviderChoice:
    """The provider that was chosen.

    Attributes:
        provider: ready for `create`; the caller closes it.
        report: what its probe found.
        tried: every report on the way, the chosen one last.
        reason: one sentence for people.
    """

    provider: Provider
    report: ProviderReport
    tried: tuple[ProviderReport, ...]
    reason: str


async def choose_provider(settings: HostSettings) -> ProviderChoice:
    """Load, probe and choose. Providers that are not chosen are closed again.

    Raises:
        ConfigError: the settings forbid what they ask for.
        ProviderMissingError: no provider of that name.
        ProviderUnavailableError: nothing that the settings allow works here; says what to install or run.
    """
    if settings.provider != AUTO:
        _check_unsandboxed(settings, settings.provider)
    tried: list[ProviderReport] = []
    for name in _candidates(settings):
        try:
            provider, report = await _probe(settings, name)
        except ProviderMissingError as err:
            if settings.provider != AUTO:
                raise
            tried.append(ProviderReport(provider=name, available=False, reason=str(err)))
            continue
        tried.append(report)
        if report.available:
            return await _chosen(settings, provider, tried)
        await provider.aclose()
    raise ProviderUnavailableError(_nothing_works(settings, tried), provider=tried[-1].provider)


async def survey(settings: HostSettings) -> list[ProviderReport]:
    """What every installed provider finds here, in the order in which `auto` would ask them. Never raises for one."""
    names = [*AUTO_ORDER, UNSANDBOXED, *provider_names(), *_named(settings)]
    reports = []
    for name in dict.fromkeys(names):
        try:
            provider, report = await _probe(settings, name)
        except AgentHostError as err:
            report = ProviderReport(provider=name, available=False, reason=str(err))
        else:
            await provider.aclose()
        reports.append(report)
    return reports


def _named(settings: HostSettings) -> tuple[str, ...]:
    return () if settings.provider == AUTO else (settings.provider,)


def _candidates(settings: HostSettings) -> tuple[str, ...]:
    if settings.provider != AUTO:
        return (settings.provider,)
    return (*AUTO_ORDER, UNSANDBOXED) if settings.allow_unsandboxed else AUTO_ORDER


async def _probe(settings: HostSettings, name: str) -> tuple[Provider, ProviderReport]:
    try:
        provider = load_provider(name, settings.provider_settings.get(name))
    except TypeError as err:
        raise ConfigError(f"The settings of the {name} provider do not fit it: {err}.", provider=name) from err
    try:
        with anyio.fail_after(_PROBE_SECONDS):
            return provider, await provider.probe()
    except TimeoutError:
        reason = f"The {name} provider did not say within {_PROBE_SECONDS} seconds whether it works."
        return provider, ProviderReport(provider=name, available=False, reason=reason)
    except BaseException:
        with anyio.move_on_after(10, shield=True):
            await provider.aclose()
        raise


async def _chosen(settings: HostSettings, provider: Provider, tried: Sequence[ProviderReport]) -> ProviderChoice:
    report = tried[-1]
    try:
        _check_unsandboxed(settings, report.provider)
    except ConfigError:
        await provider.aclose()
        raise
    passed = "".join(f" {other.provider}: {other.reason}" for other in tried[:-1])
    asked = "as asked" if settings.provider != AUTO else f"the first of {', '.join(_candidates(settings))} that works"
    reason = f"Sandboxes are made by {report.provider}, {asked}.{passed}"
    return ProviderChoice(provider, report, tuple(tried), reason)


def _check_unsandboxed(settings: HostSettings, name: str) -> None:
    if name != UNSANDBOXED:
        return
    if not settings.allow_unsandboxed:
        raise ConfigError(
            "The process provider isolates nothing: set AgentHost.allow_unsandboxed = True if this machine's own"
            " boundary is enough, or choose another provider.",
            provider=name,
        )
    gateway = settings.gateway
    if gateway.credential is not None and not gateway.label and not settings.allow_key_unsandboxed:
        raise ConfigError(
            "Without a sandbox the agent could read the real model credential from this server's memory: set"
            " AgentHost.allow_key_unsandboxed = True to accept that, or use docker or bubblewrap.",
            provider=name,
        )


def _nothing_works(settings: HostSettings, tried: Sequence[ProviderReport]) -> str:
    found = " ".join(f"{report.provider}: {report.reason}" for report in tried)
    if settings.provider != AUTO:
        return f"The {settings.provider} provider does not work here. {found}"
    way_out = (
        ""
        if settings.allow_unsandboxed
        else " Or, where this machine's own boundary is enough, set AgentHost.allow_unsandboxed = True."
    )
    return f"No sandbox can be made here. {found}{way_out}"
