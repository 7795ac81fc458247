"""Samples what one sandbox uses of memory and processor, in the background and only while somebody looks.

Engines take a second or two for a sample, so nobody waits for one: `look` answers with the newest sample and its time,
and keeps the sampling going for a while.
"""

from __future__ import annotations

import logging
import time
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.sandbox.provider import Sandbox, StreamsStats
from jupyter_agent_host.sandbox.spec import SandboxStats

logger = logging.getLogger(__name__)

WATCHED_SECONDS = 15.0
"""How long one look keeps the sampling going."""

INTERVAL_SECONDS = 1.0
_RETRY_SECONDS = 10.0


@dataclass(frozen=True)
class UsageSample:
    """One sample; `time` is when it was taken (seconds since the epoch), 0.0 while there is none."""

    stats: SandboxStats = field(default_factory=SandboxStats)
    time: float = 0.0


class UsageSampler:
    """One sandbox's sampler. `run` must be running for samples to be taken; `look` never waits."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._newest = UsageSample()
        self._watched_until = 0.0
        self._looked = anyio.Event()

    def look(self) -> UsageSample:
        """The newest sample. Sampling goes on for `WATCHED_SECONDS` after the last look."""
        self._watch()
        return self._newest

    async def run(self) -> None:
        """Take samples while somebody looks, until cancelled. One is taken at once, so that a first look finds it."""
        self._watch()
        while True:
            await self._looked.wait()
            try:
                await self._sample_while_watched()
            except (AgentHostError, OSError) as err:
                logger.info("no figures of sandbox %s: %s", self._sandbox.id[:12], err)
                await anyio.sleep(_RETRY_SECONDS)
            except Exception:  # a provider is a plug-in: its defect costs the figures, not the sandbox
                logger.exception("sandbox %s cannot be measured", self._sandbox.id[:12])
                await anyio.sleep(_RETRY_SECONDS)

    def _watch(self) -> None:
        self._watched_until = time.monotonic() + WATCHED_SECONDS
        self._looked.set()

    async def _sample_while_watched(self) -> None:
        if isinstance(self._sandbox, StreamsStats):
            async with aclosing(self._sandbox.stream_stats()) as samples:
                async for stats in samples:
                    self._newest = UsageSample(stats, time.time())
                    if not self._still_watched():
                        return
        else:
            while True:
                self._newest = UsageSample(await self._sandbox.stats(), time.time())
                if not self._still_watched():
                    return
                await anyio.sleep(INTERVAL_SECONDS)
        self._looked = anyio.Event()  # the stream ended: with the sandbox, or its engine went away

    def _still_watched(self) -> bool:
        if time.monotonic() < self._watched_until:
            return True
        self._looked = anyio.Event()
        return False
