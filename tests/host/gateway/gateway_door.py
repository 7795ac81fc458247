"""A real gateway on a loopback port, in front of a scripted model."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc
import h11
import httpx
import msgspec
from anyio.abc import SocketAttribute

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.gateway import Gateway, GatewayLimits, LedgerEntry
from jupyter_agent_host.host.gateway.egress import Network, Outside
from jupyter_agent_host.host.settings import Credential, GatewaySettings, ServiceSettings
from jupyter_agent_host.scripted_model import ScriptedModel, load_script

SECRET = "sk-real-secret"
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading the usual authorities takes longer than most tests here


@dataclass
class Ledger:
    """A notebook, as the gateway sees it. `refuse` is raised at admission; `fail` at recording."""

    notebook_id: str = "nb-1"
    session_id: str = "session-1"
    network: Network | None = None
    refuse: AgentHostError | None = None
    fail: AgentHostError | None = None
    admitted: list[str] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)

    async def admit(self, model: str) -> None:
        self.admitted.append(model)
        if self.refuse is not None:
            raise self.refuse

    async def record(self, entry: LedgerEntry) -> None:
        self.entries.append(entry)
        if self.fail is not None:
            raise self.fail

    async def wait(self, count: int) -> None:
        """Until so many requests are recorded: the record follows the answer's last byte."""
        with anyio.fail_after(10):
            while len(self.entries) < count:  # noqa: ASYNC110 - a ledger has no event
                await anyio.sleep(0.005)


@dataclass(frozen=True)
class Answer:
    """One raw HTTP answer."""

    status: int
    headers: str
    body: bytes

    @property
    def message(self) -> str:
        return str(json.loads(self.body)["error"]["message"])


@dataclass
class Door:
    """The way out of one sandbox, on a port."""

    gateway: Gateway
    model: ScriptedModel
    ledger: Ledger
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, stream: anyio.abc.ByteStream) -> None:
        await self.gateway.serve(stream, self.ledger)

    def client(self, **keywords: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20, verify=_NO_TLS, **keywords)

    async def post(
        self, body: dict[str, Any], *, path: str = "/v1/messages?beta=true", **headers: str
    ) -> httpx.Response:
        async with self.client() as client:
            return await client.post(path, json=body, headers={"x-api-key": "placeholder", **headers})

    async def raw(self, data: bytes, *, answers: int = 1, method: str = "POST") -> list[Answer]:
        """Send bytes as they are; the answers until there are so many, the gateway closes, or is silent for long."""
        stream = await anyio.connect_tcp("127.0.0.1", self.port)
        received = b""
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                await stream.send(data)
                with anyio.move_on_after(3):
                    while len(parse_answers(received, method=method)) < answers:
                        received += await stream.receive()
        return parse_answers(received, method=method)


def parse_answers(data: bytes, *, method: str = "POST") -> list[Answer]:
    """The whole answers at the start of some bytes."""
    answers: list[Answer] = []
    if not data:
        return answers
    connection = h11.Connection(h11.CLIENT)
    connection.receive_data(data)
    while True:
        connection.send(h11.Request(method=method, target="/", headers=[("host", "x"), ("content-length", "0")]))
        connection.send(h11.EndOfMessage())
        answer = _next_answer(connection)
        if answer is None:
            return answers
        answers.append(answer)
        if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
            return answers
        connection.start_next_cycle()


def _next_answer(connection: h11.Connection) -> Answer | None:
    head: h11.Response | None = None
    body = b""
    while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
        if isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = "\n".join(f"{name.decode()}: {value.decode('latin-1')}" for name, value in head.headers)
            return Answer(status=head.status_code, headers=headers, body=body)
    return None


@asynccontextmanager
async def open_door(
    script: dict[str, Any] | str | None = None,
    *,
    bounds: GatewayLimits | None = None,
    ledger: Ledger | None = None,
    outside: Outside | None = None,
    services: Sequence[ServiceSettings] = (),
    **settings: Any,
) -> AsyncIterator[Door]:
    ledger = ledger or Ledger()
    loaded = load_script(script or {"otherwise": {"say": "hello there"}})
    loaded = msgspec.structs.replace(loaded, api_key=loaded.api_key or SECRET)
    async with ScriptedModel(loaded) as model:
        settings = {"base_url": model.url, "credential": Credential("api_key", SECRET), **settings}
        async with (
            Gateway(
                GatewaySettings(**settings),
                bounds=bounds or GatewayLimits(tarpit_seconds=0),
                outside=outside,
                services=services,
            ) as gateway,
            await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
            anyio.create_task_group() as group,
        ):
            port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django
            door = Door(gateway=gateway, model=model, ledger=ledger, port=port)
            group.start_soon(listener.serve, door.serve)
            yield door
            group.cancel_scope.cancel()


def ask(text: str = "hi", **fields: Any) -> dict[str, Any]:
    message = {"role": "user", "content": [{"type": "text", "text": text}]}
    return {"model": "claude-opus-5", "max_tokens": 100, "messages": [message], **fields}


def http(body: bytes, *, method: str = "POST", target: str = "/v1/messages", headers: str = "") -> bytes:
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode("latin-1") + body
