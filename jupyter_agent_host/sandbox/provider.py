"""The two protocols that every kind of sandbox implements.

The host calls `probe` first (at start, and for `doctor`), `create` when a notebook needs a sandbox, `reattach` once at
start for what an earlier host left, and `aclose` last. All methods are safe to call from several tasks at once.
Blocking SDKs are called through `anyio.to_thread`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol, runtime_checkable

from anyio.abc import ByteStream

from jupyter_agent_host.sandbox.spec import ExitState, Isolation, ProviderReport, SandboxSpec, SandboxStats


@runtime_checkable
class Sandbox(Protocol):
    """One isolated place with a runner in it."""

    @property
    def id(self) -> str:
        """The provider's own id, such as a container id; stable, safe to show."""

    @property
    def provider(self) -> str:
        """The provider's name."""

    @property
    def notebook_id(self) -> str: ...

    @property
    def session_id(self) -> str:
        """The session that the sandbox was made for (its label)."""

    @property
    def isolation(self) -> Isolation: ...

    async def connect(self) -> ByteStream:
        """Open one more byte stream to the runner; callable many times, also concurrently.

        Raises:
            SandboxGoneError: the sandbox ended or its runner no longer listens.
        """

    async def exit_state(self) -> ExitState | None:
        """None while it runs; else how it ended. A sandbox that vanished is an `ExitState`, not an error."""

    async def logs(self, tail: int = 200) -> str:
        """The last lines the runner wrote, oldest first. "" if there is nothing any more."""

    async def stats(self) -> SandboxStats:
        """Use of resources now, which may take an engine seconds to tell. All None once it ended.

        Called in the background only, while somebody looks at the figures.
        """

    async def destroy(self) -> None:
        """End it and remove all that the provider made for it. Idempotent; safe after the sandbox is gone."""


@runtime_checkable
class StreamsStats(Protocol):
    """What a `Sandbox` may offer besides: samples as they come, where asking for each one anew costs an engine more."""

    def stream_stats(self) -> AsyncGenerator[SandboxStats, None]:
        """Samples, about one a second, until closed or until the sandbox ends."""


@runtime_checkable
class Provider(Protocol):
    """Makes sandboxes of one kind. Constructed with a frozen settings object; construction does no I/O."""

    name: str

    async def probe(self) -> ProviderReport:
        """Look at what this machine offers. Never raises for an absent engine: that is a report."""

    async def create(self, spec: SandboxSpec) -> Sandbox:
        """Make one sandbox and wait until its runner answers `GET /healthz` with our protocol version.

        Cancelling or failing leaves nothing behind.

        Raises:
            ProviderUnavailableError, ImageMissingError, ImageMismatchError, SandboxStartError, SandboxOutOfMemoryError.
        """

    async def reattach(self, host_id: str) -> list[Sandbox]:
        """Every sandbox of that host id that still exists, running or ended. Nothing is changed."""

    async def aclose(self) -> None:
        """Release connections to the engine. Sandboxes are left alone. Idempotent."""
