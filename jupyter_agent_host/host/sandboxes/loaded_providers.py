"""The providers of one host: chosen when a sandbox is needed, loaded once, closed together."""

from __future__ import annotations

import logging

import anyio

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.sandboxes.provider_choice import AUTO_ORDER, ProviderChoice, choose_provider
from jupyter_agent_host.host.settings import HostSettings
from jupyter_agent_host.sandbox.provider import Provider
from jupyter_agent_host.sandbox.provider_registry import load_provider

logger = logging.getLogger(__name__)


class LoadedProviders:
    """Remembers a choice while it is the one that was wanted: looking at an engine anew costs half a second."""

    def __init__(self, settings: HostSettings) -> None:
        self._settings = settings
        self._choice: ProviderChoice | None = None
        self._choosing = anyio.Lock()
        self._loaded: list[Provider] = []

    async def choose(self) -> ProviderChoice:
        """The provider for the next sandbox. A second-best one is not kept: the engine may have come up meanwhile.

        Raises:
            AgentHostError: none works here; the sentence says what to install.
        """
        async with self._choosing:
            if self._choice is None or not self._wanted(self._choice):
                self._choice = await choose_provider(self._settings)
                if self._choice.provider not in self._loaded:
                    self._loaded.append(self._choice.provider)
            return self._choice

    async def look(self) -> None:
        """Choose ahead, so that the first prompt need not wait for it; what is wrong is told to that prompt."""
        try:
            await self.choose()
        except AgentHostError as err:
            logger.info("no sandbox can be made now: %s", err)

    def distrust(self) -> None:
        """A sandbox could not be made: look at the machine again next time."""
        self._choice = None

    def named(self, name: str) -> Provider:
        """The provider of that name, for what an earlier host left."""
        for provider in self._loaded:
            if provider.name == name:
                return provider
        self._loaded.append(load_provider(name, self._settings.provider_settings.get(name)))
        return self._loaded[-1]

    async def aclose(self) -> None:
        """Close every provider that was used."""
        for provider in self._loaded:
            await provider.aclose()

    def _wanted(self, choice: ProviderChoice) -> bool:
        return self._settings.provider != "auto" or choice.report.provider == AUTO_ORDER[0]
