"""One request and its answer, from the first check to the ledger."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial

import anyio
import anyio.to_thread
import httpx

from jupyter_agent_host.errors import AgentHostError, CredentialMissingError
from jupyter_agent_host.host.gateway.client_connection import ClientConnection, ConnectionGoneError, RequestHead
from jupyter_agent_host.host.gateway.gateway_limits import KIB, GatewayLimits
from jupyter_agent_host.host.gateway.gateway_refusal import Refusal, malformed, shown
from jupyter_agent_host.host.gateway.model.credential_headers import Headers, request_headers, response_headers
from jupyter_agent_host.host.gateway.model.model_client import ModelClient, UpstreamBrokeError
from jupyter_agent_host.host.gateway.model.model_routes import ModelRoute, decide
from jupyter_agent_host.host.gateway.model.request_body import parse_body
from jupyter_agent_host.host.gateway.model.request_policy import CheckedRequest, check_request
from jupyter_agent_host.host.gateway.model.request_quota import RequestQuota
from jupyter_agent_host.host.gateway.model.request_record import Progress, record
from jupyter_agent_host.host.gateway.model.response_pipe import Pipe
from jupyter_agent_host.host.gateway.model.usage_meter import JsonMeter, StreamMeter
from jupyter_agent_host.host.gateway.notebook_scope import Scope
from jupyter_agent_host.host.settings import Credential, GatewaySettings

logger = logging.getLogger(__name__)

_PARSE_ON_LOOP_BYTES = 256 * KIB


@dataclass(frozen=True)
class ModelExchange:
    """Answers one request of one notebook."""

    settings: GatewaySettings
    bounds: GatewayLimits
    upstream: ModelClient
    parsing: anyio.CapacityLimiter
    connection: ClientConnection
    scope: Scope
    quota: RequestQuota
    progress: Progress = field(default_factory=Progress)

    async def answer(self, head: RequestHead) -> None:
        """Answer the request and record it, whatever happens on the way. Cancelling hangs up on the upstream."""
        self.progress.method, self.progress.path = shown(head.method), shown(head.target)
        try:
            await self._answer(head)
        except Refusal as refusal:
            await self._refuse(refusal)
        except ConnectionGoneError:
            logger.debug("a client went away")
        finally:
            await self._record()

    async def refuse_unread(self, refusal: Refusal) -> None:
        """The same for a request whose head was no acceptable HTTP."""
        try:
            try:
                self.quota.count(is_message=False)
            except Refusal as rate:
                refusal = rate
            await self._refuse(refusal)
        finally:
            await self._record()

    async def _answer(self, head: RequestHead) -> None:
        route = self._route(head)
        if head.length > self.settings.max_body_bytes:
            limit = self.settings.max_body_bytes
            raise Refusal(
                "body_bytes",
                f"The request to the model is larger than the gateway's limit of {limit} bytes.",
                status=413,
                kind="request_too_large",
            )
        with self.quota.holding(head.length):
            body = await self.connection.read_body(head)
            self.progress.bytes_in = len(body)
            async with anyio.create_task_group() as group:
                group.start_soon(self._cancel_when_gone, group.cancel_scope)
                await self._answer_body(route, head, body)
                group.cancel_scope.cancel()

    def _route(self, head: RequestHead) -> ModelRoute:
        try:
            route = decide(head.method, head.target)
        except Refusal:
            self.quota.count(is_message=False)
            raise
        self.quota.count(is_message=route.is_message)
        return route

    async def _cancel_when_gone(self, scope: anyio.CancelScope) -> None:
        await self.connection.wait_gone()
        scope.cancel()

    async def _answer_body(self, route: ModelRoute, head: RequestHead, body: bytes) -> None:
        """Raises nothing of its own: in a task group it would come out as a group."""
        try:
            checked = await self._check(body)
            self.progress.model = checked.model
            async with self.quota.place():
                await self._admit(checked.model)
                await self._forward(route, head, body, checked)
        except Refusal as refusal:
            await self._refuse(refusal)
        except UpstreamBrokeError as err:
            logger.warning("notebook %s: the upstream's answer broke off (%s)", self.scope.notebook_id, err)
        except ConnectionGoneError:
            logger.debug("a client went away")

    async def _check(self, body: bytes) -> CheckedRequest:
        if self.settings.credential is None:
            raise Refusal(
                "credential_missing",
                "No model credential is set on the Jupyter server: set ANTHROPIC_API_KEY (or ANTHROPIC_AUTH_TOKEN) "
                "where the server is started, then restart it.",
                kind="authentication_error",
            )
        parse = partial(parse_body, body, max_depth=self.bounds.json_depth)
        if len(body) <= _PARSE_ON_LOOP_BYTES:
            value = parse()
        else:
            value = await anyio.to_thread.run_sync(parse, limiter=self.parsing)
        return check_request(
            value, allowed_models=self.settings.allowed_models, allowed_features=self.settings.allowed_features
        )

    async def _admit(self, model: str) -> None:
        try:
            await self.scope.admit(model)
        except AgentHostError as err:
            if err.retryable:
                raise Refusal(err.code, str(err), status=429, kind="rate_limit_error", retry_after=5) from err
            raise Refusal(err.code, str(err)) from err
        self.progress.admitted = True

    async def _forward(self, route: ModelRoute, head: RequestHead, body: bytes, checked: CheckedRequest) -> None:
        if self.settings.credential is None:  # checked before; it also tells the type checker
            raise malformed("No credential.")
        headers = await self._headers(head, self.settings.credential)
        streams = checked.stream and route.is_message
        meter = (StreamMeter if streams else JsonMeter)(len(body), most_tokens=checked.max_tokens)
        billed = route.is_message
        try:
            async with self.upstream.ask(route, headers, body, streams=streams) as response:
                await self._relay(response, meter)
        except Refusal:
            billed = False  # the upstream's errors cost nothing
            raise
        finally:
            if billed:
                self.progress.reading = meter.read()

    async def _headers(self, head: RequestHead, credential: Credential) -> Headers:
        headers = request_headers(head.headers, credential)
        try:
            more = {name.lower(): await text.read() for name, text in self.settings.headers.items()}
        except CredentialMissingError as err:
            raise Refusal("credential_missing", str(err), kind="authentication_error") from err
        kept = [pair for pair in headers if pair[0].decode("ascii").lower() not in more]
        return [*kept, *((name.encode("ascii"), value.encode("ascii")) for name, value in more.items())]

    async def _relay(self, response: httpx.Response, meter: StreamMeter | JsonMeter) -> None:
        self.progress.status = response.status_code
        await self.connection.start(response.status_code, response_headers(response.headers.multi_items()))
        pipe = Pipe()
        async with anyio.create_task_group() as group:
            group.start_soon(pipe.fill, self.upstream.chunks(response))
            broke = await self._drain(pipe, meter)
            group.cancel_scope.cancel()
        if broke is not None:
            raise broke
        self.progress.complete = True  # before the last byte: whoever has read the answer finds it so
        await self.connection.finish()

    async def _drain(self, pipe: Pipe, meter: StreamMeter | JsonMeter) -> Exception | None:
        """Give the client what comes; returned, not raised, is what broke it, since a task group would wrap it."""
        try:
            while data := await pipe.take():
                meter.feed(data)
                await self.connection.send(data)
                self.progress.bytes_out += len(data)
        except (UpstreamBrokeError, ConnectionGoneError) as err:
            return err
        return None

    async def _refuse(self, refusal: Refusal) -> None:
        self.progress.status, self.progress.refused = refusal.status, refusal.rule
        if refusal.rule == "rate":
            await anyio.sleep(self.bounds.tarpit_seconds)
        try:
            await self.connection.refuse(refusal)
        except ConnectionGoneError:
            return
        self.progress.bytes_out = len(refusal.body())
        self.progress.complete = True

    async def _record(self) -> None:
        await record(self.progress.entry(self.settings.prices), self.scope)
