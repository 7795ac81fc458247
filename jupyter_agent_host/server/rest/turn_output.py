"""A finished turn as the output of its cell, for a page that was not there when the kernel wrote it."""

from __future__ import annotations

from typing import Any, cast

from jupyter_agent_host.protocol.events import read_record
from jupyter_agent_host.protocol.host_api import NotebookInfo, Simple, TurnsPage, TurnsRequest
from jupyter_agent_host.rendering.mime_bundle import final_bundle
from jupyter_agent_host.rendering.turn_view import fold
from jupyter_agent_host.server.agent_service import AgentService


async def turn_output(service: AgentService, notebook_id: str, turn_id: str) -> dict[str, Any] | None:
    """The MIME bundle that the cell's own kernel would have shown at the end; None while the turn runs.

    Raises:
        AgentHostError: there is no such notebook, or no host.
    """
    page = cast(TurnsPage, await service.call_by_id(notebook_id, "turns", TurnsRequest(turn_id=turn_id)))
    view = fold(read_record(bytes(record)) for record in page.records)
    if view.ended is None:
        return None
    info = cast(NotebookInfo, await service.call_by_id(notebook_id, "status", Simple()))
    return final_bundle(view, info)
