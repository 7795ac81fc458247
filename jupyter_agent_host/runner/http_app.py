"""The runner's HTTP and WebSocket interface (protocol/runner_http.py). Handlers only translate."""

from __future__ import annotations

import logging
from http import HTTPStatus

import anyio
import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from jupyter_agent_host.errors import FrameTooLargeError, ProtocolError
from jupyter_agent_host.protocol.runner_http import CARRY, CONTROL, HEALTHZ, TRANSCRIPT
from jupyter_agent_host.runner.connection.caller_authentication import bears_token
from jupyter_agent_host.runner.connection.control_connection import ControlConnection
from jupyter_agent_host.runner.runner import Runner

logger = logging.getLogger(__name__)

_NOT_WAITING = 4004


def make_app(runner: Runner) -> ASGIApp:
    """Every path needs the start token; what lacks it learns nothing but that."""
    endpoints = _Endpoints(runner)
    routes = [
        Route(HEALTHZ, endpoints.healthz),
        Route(TRANSCRIPT, endpoints.transcript, methods=["PUT"]),
        WebSocketRoute(CONTROL, endpoints.control),
        WebSocketRoute(CARRY, endpoints.carry),
    ]
    return _Gate(Starlette(routes=routes), runner.start.token)


class _Gate:
    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if bears_token(scope.get("headers", ()), self._token):
            await self._app(scope, receive, send)
            return
        logger.warning("refused a request without the token")
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).close()
        else:
            await PlainTextResponse("", status_code=HTTPStatus.UNAUTHORIZED)(scope, receive, send)


class _Endpoints:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def healthz(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        health = await self._runner.health()
        return Response(msgspec.json.encode(health), media_type="application/json")

    async def transcript(self, request: Request) -> Response:
        try:
            await self._runner.uploads.receive(request.path_params["session_id"], request.stream())
        except FrameTooLargeError as err:
            return PlainTextResponse(str(err), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except ProtocolError as err:
            return PlainTextResponse(str(err), HTTPStatus.BAD_REQUEST)
        except ClientDisconnect:
            logger.info("an upload broke off")
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def control(self, socket: WebSocket) -> None:
        await socket.accept()
        await ControlConnection(socket, self._runner).run()

    async def carry(self, socket: WebSocket) -> None:
        await socket.accept()
        host = _CarrySocket(socket)
        found = await self._runner.way_out.attach(socket.path_params["carry_id"], host)
        await host.close(1000 if found else _NOT_WAITING)


class _CarrySocket:
    """A WebSocket's binary messages as `way_out.HostSide`."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def receive(self) -> bytes:
        message = await self._socket.receive()
        data: bytes = message.get("bytes") or b""
        return data

    async def send(self, data: bytes) -> None:
        try:
            await self._socket.send_bytes(data)
        except (WebSocketDisconnect, RuntimeError) as err:  # Starlette's word for sending after the end
            raise anyio.BrokenResourceError from err

    async def close(self, code: int) -> None:
        try:
            await self._socket.close(code)
        except (WebSocketDisconnect, RuntimeError) as err:
            logger.debug("carry: %s", type(err).__name__)
