"""A tiny MCP server: over standard input without arguments, over http with PORT and TOKEN for those who know it.

Streamable http at /mcp, and the older transport over server-sent events at /sse.
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from mcp.server.mcpserver import MCPServer


def make(where: str) -> MCPServer:
    server = MCPServer("tiny")

    @server.tool()
    def greet(name: str) -> str:
        """Greet somebody."""
        return f"hello {name} from {where}"

    return server


def guarded(app: Any, token: str) -> Any:
    async def checked(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", []))
        if scope["type"] == "http" and headers.get(b"authorization") != f"Bearer {token}".encode():
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    return checked


def by_path(streamable: Any, events: Any) -> Any:
    async def chosen(scope: Any, receive: Any, send: Any) -> None:
        old = scope["type"] == "http" and scope["path"].startswith(("/sse", "/messages"))
        await (events if old else streamable)(scope, receive, send)

    return chosen


if __name__ == "__main__":
    if len(sys.argv) == 1:
        make("inside").run()
    else:
        streamable, events = make("outside").streamable_http_app(), make("outside, by events").sse_app()
        app = by_path(guarded(streamable, sys.argv[2]), guarded(events, sys.argv[2]))
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
