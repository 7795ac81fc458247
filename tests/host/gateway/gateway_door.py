"""A real gateway on a loopback port, in front of a scripted model."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc
import httpx
from anyio.abc import SocketAttribute

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.host.gateway import Bounds, Gateway, LedgerEntry
from jupyter_agent_host.host.settings import Credential, GatewaySettings
from jupyter_agent_host.testing.scripted_model import ScriptedModel

SECRET = "sk-real-secret"


@dataclass
class Ledger:
    """A notebook, as the gateway sees it. `refuse` is raised at admission; `fail` at recording."""

    notebook_id: str = "nb-1"
    session_id: str = "session-1"
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
        return httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20, **keywords)

    async def post(
        self, body: dict[str, Any], *, path: str = "/v1/messages?beta=true", **headers: str
    ) -> httpx.Response:
        async with self.client() as client:
            return await client.post(path, json=body, headers={"x-api-key": "placeholder", **headers})

    async def raw(self, data: bytes) -> list[Answer]:
        """Send bytes as they are; all answers until the gateway closes or is silent for a moment."""
        stream = await anyio.connect_tcp("127.0.0.1", self.port)
        received = b""
        async with stream:
            try:
                await stream.send(data)
            except anyio.BrokenResourceError:
                return []
            with anyio.move_on_after(0.7):
                while True:
                    try:
                        received += await stream.receive()
                    except (anyio.EndOfStream, anyio.BrokenResourceError):
                        break
        return parse_answers(received)


def parse_answers(data: bytes) -> list[Answer]:
    answers = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        status = int(text.split(" ", 2)[1])
        lengths = [line.split(":")[1] for line in text.lower().split("\r\n") if line.startswith("content-length:")]
        size = int(lengths[0]) if lengths else len(rest)
        answers.append(Answer(status=status, headers=text.lower(), body=rest[:size]))
        data = rest[size:]
    return answers


@asynccontextmanager
async def open_door(
    script: dict[str, Any] | None = None,
    *,
    bounds: Bounds | None = None,
    ledger: Ledger | None = None,
    **settings: Any,
) -> AsyncIterator[Door]:
    ledger = ledger or Ledger()
    script = {"api_key": SECRET, **(script or {"otherwise": {"say": "hello there"}})}
    async with ScriptedModel(script) as model:
        settings = {"base_url": model.url, "credential": Credential("api_key", SECRET), **settings}
        async with (
            Gateway(GatewaySettings(**settings), bounds=bounds or Bounds(tarpit_seconds=0)) as gateway,
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
