"""One request that wants out to anything but the model, from the first check to the record."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import anyio

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.gateway.client_connection import ClientConnection, ConnectionGoneError, RequestHead
from jupyter_agent_host.host.gateway.egress.destination import Destination, read_absolute, read_authority
from jupyter_agent_host.host.gateway.egress.dialer import Dialer, Reached
from jupyter_agent_host.host.gateway.egress.egress_refusal import EgressRefusal
from jupyter_agent_host.host.gateway.egress.http_forwarding import Carried, Wish, checked_path, forward
from jupyter_agent_host.host.gateway.egress.network_port import EgressRecord, Network, Permitted
from jupyter_agent_host.host.gateway.egress.tunnel import Tunnel
from jupyter_agent_host.host.gateway.gateway_limits import GatewayLimits
from jupyter_agent_host.host.gateway.gateway_refusal import Refusal, malformed

logger = logging.getLogger(__name__)

TOO_MANY_REQUESTS = 429
_RECORD_SECONDS = 10.0
_NOWHERE = Destination("", 0)


def wants_out(head: RequestHead) -> bool:
    """Whether the request is for a proxy, not for the gateway itself."""
    return head.method == b"CONNECT" or not head.target.startswith(b"/")


@dataclass
class EgressExchange:
    """Answers one such request of one notebook, and records it, whatever happens on the way."""

    connection: ClientConnection
    network: Network
    dialer: Dialer
    bounds: GatewayLimits
    is_tunnel: bool = False
    record: EgressRecord = field(default_factory=lambda: EgressRecord(_NOWHERE, "denied", "", "http"))

    async def answer(self, head: RequestHead) -> None:
        """Answer it. Cancelling closes both sides. Raises nothing that a peer could cause."""
        started = anyio.current_time()
        try:
            with counted(self.network):
                await self._answer(head)
        except Refusal as refusal:
            verdict = "denied" if refusal.status < 500 else "failed"  # noqa: PLR2004 - HTTP's line between ours and theirs
            self.record = replace(self.record, verdict=verdict, rule=refusal.rule)
            await self._refuse(refusal)
        except ConnectionGoneError:
            logger.debug("a client or its server went away")
        finally:
            milliseconds = round((anyio.current_time() - started) * 1000)
            await keep(self.network, replace(self.record, duration_ms=milliseconds))

    async def _answer(self, head: RequestHead) -> None:
        if head.method == b"CONNECT":
            if head.length:
                raise malformed("A CONNECT request has no body.")
            destination, path = read_authority(head.target), b""
        else:
            destination, path = read_absolute(head.target)
        via = "connect" if head.method == b"CONNECT" else "http"
        self.record = replace(self.record, destination=destination, via=via)
        if not head.length:
            await self.connection.read_body(head)
        permitted = await self._permit(destination)
        self.record = replace(self.record, verdict="allowed", rule=permitted.rule)
        async with self.network.dialling:
            reached = await self.dialer.dial(destination, companys_own=permitted.companys_own)
        self.record = replace(self.record, address=reached.address)
        if via == "connect":
            await self._tunnel(reached)
        else:
            await self._forward(Wish(head, destination, checked_path(path)), reached)

    async def _permit(self, destination: Destination) -> Permitted:
        """Ask for leave, which may take a person's time; a client that goes away meanwhile is noticed."""
        answers: list[Permitted | EgressRefusal] = []

        async def ask() -> None:
            try:
                answers.append(await self.network.permit(destination))
            except EgressRefusal as refusal:  # a task group would wrap it
                answers.append(refusal)
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await self.connection.wait_gone()
            group.cancel_scope.cancel()
        if not answers:
            raise ConnectionGoneError
        if isinstance(answers[0], EgressRefusal):
            raise answers[0]
        return answers[0]

    async def _tunnel(self, reached: Reached) -> None:
        async with reached.stream:
            self.is_tunnel = True
            client, ahead = await self.connection.become_tunnel()
            tunnel = Tunnel(client, reached.stream, self.bounds, self.network.count)
            try:
                await tunnel.run(ahead)
            finally:
                rule = f"{self.record.rule}; ended by {tunnel.ended_by}" if tunnel.ended_by else self.record.rule
                self.record = replace(self.record, bytes_in=tunnel.bytes_in, bytes_out=tunnel.bytes_out, rule=rule)

    async def _forward(self, wish: Wish, reached: Reached) -> None:
        carried = Carried(self.network.count)
        try:
            work = partial(forward, self.connection, wish, reached, carried, self.bounds)
            await until_gone(self.connection, wish.head, carried, work)
        finally:
            self.record = replace(self.record, bytes_in=carried.bytes_in, bytes_out=carried.bytes_out)

    async def _refuse(self, refusal: Refusal) -> None:
        if refusal.status == TOO_MANY_REQUESTS:
            await anyio.sleep(self.bounds.tarpit_seconds)
        try:
            await self.connection.refuse(refusal)
        except ConnectionGoneError:
            return


async def until_gone(
    connection: ClientConnection, head: RequestHead, carried: Carried, work: Callable[[], Awaitable[None]]
) -> None:
    """Do `work`, which sends the request's body; once that is out, a client that goes away ends it.

    Raises:
        Refusal, ConnectionGoneError: as `work` does.
    """
    failed: list[Refusal | ConnectionGoneError] = []

    async def watch() -> None:
        if head.length:
            await carried.body_sent.wait()
        await connection.wait_gone()
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        try:
            await work()
        except (Refusal, ConnectionGoneError) as err:  # a task group would wrap it
            failed.append(err)
        group.cancel_scope.cancel()
    if failed:
        raise failed[0]


@contextmanager
def counted(network: Network) -> Iterator[None]:
    """One of the notebook's open connections.

    Raises:
        EgressRefusal: there are too many.
    """
    network.open_one()
    try:
        yield
    finally:
        network.close_one()


async def keep(network: Network, record: EgressRecord) -> None:
    """Hand a record on, also while being cancelled; a record that is lost is said in the log."""
    with anyio.move_on_after(_RECORD_SECONDS, shield=True) as shield:
        try:
            await network.record(record)
        except AgentHostError as err:
            logger.error("a record of egress is lost: %s", err)  # noqa: TRY400 - a sentence
    if shield.cancelled_caught:
        logger.error("a record of egress could not be kept in time")
