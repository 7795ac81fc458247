"""The runner's end of the control connection: greets, replays the outbox, takes commands.

The sender picks frames when the socket has room; nothing is queued per connection but answers to commands.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Protocol

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from jupyter_agent_host.errors import ProtocolError
from jupyter_agent_host.protocol.control import (
    Ack,
    AnyHostFrame,
    CarryWanted,
    Hello,
    RunnerFrame,
    Status,
    Welcome,
    decode_host_frame,
    encode_frame,
)
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.runner.connection.egress_proxy import WayOut
from jupyter_agent_host.runner.connection.outbox import Outbox

logger = logging.getLogger(__name__)

_WELCOME_SECONDS = 15.0
_MAX_ANSWERS = 256
_PROTOCOL_ERROR = 1002
_REPLACED = 4001


class ControlOwner(Protocol):
    """What a control connection needs of the runner."""

    outbox: Outbox
    way_out: WayOut

    def hello(self) -> Hello: ...

    def status(self) -> Status: ...

    def attach(self, connection: ControlConnection) -> None:
        """This is the host now; an older connection ends."""

    def detach(self, connection: ControlConnection) -> None:
        """The connection ended. Idempotent."""

    def take(self, frame: AnyHostFrame, connection: ControlConnection) -> None:
        """One command. Returns at once."""


class ControlConnection:
    """One accepted WebSocket. `run` serves it to its end and never raises what a host can cause."""

    def __init__(self, socket: WebSocket, owner: ControlOwner) -> None:
        self._socket = socket
        self._owner = owner
        self._scope = anyio.CancelScope()
        self._wake = anyio.Event()
        self._room = anyio.Event()
        self._answers: deque[RunnerFrame] = deque()
        self._announced: set[str] = set()
        self._status_due = False
        self._next = 1
        self._close = (1000, "")

    async def run(self) -> None:
        """Greet, then send and receive until either side ends it."""
        try:
            with self._scope:
                await self._greet()
                self._owner.attach(self)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._send_all)
                    await self._receive_all()
                    tasks.cancel_scope.cancel()
        except (ProtocolError, TimeoutError) as err:
            logger.warning("control connection refused: %s", err or "no welcome in time")
            self._close = (_PROTOCOL_ERROR, type(err).__name__)
        except WebSocketDisconnect as err:
            logger.info("control connection ended while greeting (%d)", err.code)
        finally:
            self._owner.detach(self)
            with anyio.move_on_after(1, shield=True):
                await self._say_goodbye()

    def replace(self) -> None:
        """Another host dialled in: end this connection."""
        self._close = (_REPLACED, "replaced")
        self._scope.cancel()

    def answer(self, frame: RunnerFrame) -> None:
        """Send this frame soon, before outbox items."""
        self._answers.append(frame)
        self._wake.set()

    def poke(self) -> None:
        """Outbox or way out have something new."""
        self._wake.set()

    def status_changed(self) -> None:
        """Send the sessions' state soon; several changes become one frame."""
        self._status_due = True
        self._wake.set()

    async def _greet(self) -> None:
        hello = self._owner.hello()
        await self._socket.send_text(encode_frame(hello).decode())
        with anyio.fail_after(_WELCOME_SECONDS):
            frame = decode_host_frame(await _receive(self._socket))
        if not isinstance(frame, Welcome) or frame.protocol != PROTOCOL_VERSION:
            raise ProtocolError("the host did not welcome us in our protocol version")
        self._owner.outbox.acknowledge(frame.acked)
        self._next = frame.acked + 1

    async def _receive_all(self) -> None:
        while True:
            while len(self._answers) >= _MAX_ANSWERS:
                self._room = anyio.Event()
                await self._room.wait()
            try:
                frame = decode_host_frame(await _receive(self._socket))
            except WebSocketDisconnect as err:
                logger.info("control connection ended (%d)", err.code)
                return
            except ProtocolError as err:
                logger.warning("control connection broken off: %s", type(err).__name__)
                self._close = (_PROTOCOL_ERROR, "not a frame of this protocol")
                return
            if isinstance(frame, Ack):
                self._owner.outbox.acknowledge(frame.number)
            else:
                self._owner.take(frame, self)

    async def _send_all(self) -> None:
        while True:
            self._wake = anyio.Event()
            data = self._pick()
            if data is None:
                await self._wake.wait()
                continue
            try:
                await self._socket.send_text(data.decode())
            except (WebSocketDisconnect, RuntimeError) as err:  # Starlette's word for sending after the end
                logger.info("control connection lost: %s", type(err).__name__)
                self._scope.cancel()
                return

    def _pick(self) -> bytes | None:
        if self._answers:
            frame = self._answers.popleft()
            self._room.set()
            return encode_frame(frame)
        for carry_id in self._owner.way_out.waiting:
            if carry_id not in self._announced:
                self._announced.add(carry_id)
                return encode_frame(CarryWanted(carry_id=carry_id))
        if self._status_due:
            self._status_due = False
            return encode_frame(self._owner.status())
        return self._next_item()

    def _next_item(self) -> bytes | None:
        outbox = self._owner.outbox
        number = max(self._next, outbox.first)
        data = outbox.frame(number)
        if data is not None:
            self._next = number + 1
        return data

    async def _say_goodbye(self) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            try:
                await self._socket.close(*self._close)
            except (WebSocketDisconnect, RuntimeError) as err:
                logger.debug("goodbye: %s", type(err).__name__)


async def _receive(socket: WebSocket) -> str | bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    text: str | bytes = message.get("text") or message.get("bytes") or b""
    return text
