"""The host's door to the outside: the only way out of a sandbox, and the only place that holds the credential."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from types import TracebackType
from typing import final

import anyio
import anyio.abc

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.gateway.client_connection import ClientConnection, ConnectionGoneError
from jupyter_agent_host.host.gateway.egress import Internet, Outside
from jupyter_agent_host.host.gateway.egress.company_proxy import CompanyProxy, trusted
from jupyter_agent_host.host.gateway.egress.dialer import Dialer
from jupyter_agent_host.host.gateway.egress.egress_request import EgressExchange, wants_out
from jupyter_agent_host.host.gateway.gateway_limits import GatewayLimits
from jupyter_agent_host.host.gateway.gateway_refusal import Refusal
from jupyter_agent_host.host.gateway.model.model_client import ModelClient
from jupyter_agent_host.host.gateway.model.model_request import ModelExchange
from jupyter_agent_host.host.gateway.model.request_policy import FEATURES
from jupyter_agent_host.host.gateway.model.request_quota import RequestQuota
from jupyter_agent_host.host.gateway.notebook_scope import Scope
from jupyter_agent_host.host.gateway.services import ServiceExchange, check_service, wants_service
from jupyter_agent_host.host.settings import GatewaySettings, ServiceSettings

logger = logging.getLogger(__name__)


@final
class Gateway:
    """Carries model requests of all notebooks of one host. Use as `async with Gateway(settings) as gateway:`.

    Raises:
        ConfigError: the settings cannot work; nothing is opened then.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        bounds: GatewayLimits = GatewayLimits(),
        outside: Outside | None = None,
        services: Sequence[ServiceSettings] = (),
    ) -> None:
        _check(settings)
        self._settings = settings
        self._bounds = bounds
        self._upstream = ModelClient(settings, bounds)
        outside, company = outside or Internet(), settings.company
        # Loading every authority takes a moment that a host without need for them is spared.
        context = trusted(company) if services or (company is not None and company.proxy) else None
        proxy = CompanyProxy(company, outside, context) if company is not None and company.proxy and context else None
        self._dialer = Dialer(outside, bounds, proxy)
        self._services = {one.name: check_service(one, self._dialer, context) for one in services if context}
        self._quotas: dict[str, RequestQuota] = {}
        self._parsing = anyio.CapacityLimiter(2)

    async def __aenter__(self) -> Gateway:
        await self._upstream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for service in self._services.values():
            await service.pool.aclose()
        await self._upstream.__aexit__(kind, value, traceback)

    async def serve(self, stream: anyio.abc.ByteStream, scope: Scope) -> None:
        """Play the HTTP/1.1 server on one connection from inside a sandbox, until it ends; closes `stream`.

        Nothing that the peer sends makes this raise. Cancelling it hangs up on both sides; requests under way are
        still recorded.
        """
        quota = self._quota(scope.notebook_id)
        if quota.connections >= self._bounds.connections:
            logger.warning("notebook %s has too many connections; one more is closed", scope.notebook_id)
            await stream.aclose()
            return
        quota.connections += 1
        try:
            async with stream:
                await self._serve(ClientConnection(stream, self._bounds), scope, quota)
        except Exception:
            # A mistake of ours on one hostile connection must not end the host, nor be hidden.
            logger.exception("notebook %s: a connection of the gateway failed", scope.notebook_id)
        finally:
            quota.connections -= 1

    async def _serve(self, connection: ClientConnection, scope: Scope, quota: RequestQuota) -> None:
        while True:
            try:
                head = await connection.read_head()
            except Refusal as refusal:
                await self._exchange(connection, scope, quota).refuse_unread(refusal)
                await connection.linger()
                return
            except ConnectionGoneError:
                return
            if head is None:
                return
            if scope.network is not None and wants_out(head):
                egress = EgressExchange(connection, scope.network, self._dialer, self._bounds)
                await egress.answer(head)
                if egress.is_tunnel:
                    return
            elif scope.network is not None and wants_service(head):
                await ServiceExchange(connection, scope.network, self._services, self._bounds).answer(head)
            else:
                await self._exchange(connection, scope, quota).answer(head)
            if not connection.reuse():
                await connection.linger()
                return

    def _exchange(self, connection: ClientConnection, scope: Scope, quota: RequestQuota) -> ModelExchange:
        return ModelExchange(
            settings=self._settings,
            bounds=self._bounds,
            upstream=self._upstream,
            parsing=self._parsing,
            connection=connection,
            scope=scope,
            quota=quota,
        )

    def _quota(self, notebook_id: str) -> RequestQuota:
        for known in [known for known, quota in self._quotas.items() if quota.idle and known != notebook_id]:
            del self._quotas[known]
        if notebook_id not in self._quotas:
            self._quotas[notebook_id] = RequestQuota(
                self._bounds,
                max_in_flight=self._settings.max_in_flight,
                max_requests_per_minute=self._settings.max_requests_per_minute,
            )
        return self._quotas[notebook_id]


def _check(settings: GatewaySettings) -> None:
    if settings.max_in_flight < 1 or settings.max_requests_per_minute < 1 or settings.max_body_bytes < 1:
        raise ConfigError("The gateway's limits (max_in_flight, max_requests_per_minute, max_body_bytes) start at 1.")
    unknown = sorted(set(settings.allowed_features) - set(FEATURES))
    if unknown:
        raise ConfigError(f"The gateway knows no feature {unknown[0]!r} to allow; it knows {', '.join(FEATURES)}.")
