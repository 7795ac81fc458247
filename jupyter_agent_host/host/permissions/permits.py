"""Decides about each call that would change the person's notebook or run in their kernel; asks where it must."""

from __future__ import annotations

import hashlib
import time
from functools import partial
from typing import Any

import anyio.to_thread
import msgspec

from jupyter_agent_host.host.notebook.apply import changed_error
from jupyter_agent_host.host.notebook.cells import Cell
from jupyter_agent_host.host.permissions.modes import effective_mode
from jupyter_agent_host.host.permissions.rules import Verdict, judge
from jupyter_agent_host.host.review.diffs import diff
from jupyter_agent_host.host.tools.interface import Permit, ToolContext, ToolRequest
from jupyter_agent_host.protocol.events import PermissionAsked
from jupyter_agent_host.protocol.host_api import AnswerRequest
from jupyter_agent_host.protocol.host_tools import PREFIX
from jupyter_agent_host.store.decisions import Decisions
from jupyter_agent_host.store.rows import PermissionGrantRow

_MAX_ASKED = 3
_HEAD = 80
_MOVING = "The cell changed each time before the person had answered. Read it again and try later."


class NotebookPermits:
    """See `Permits`. What is approved is the very call that is carried out, on the cells as the person saw them."""

    async def check(self, context: ToolContext, request: ToolRequest) -> Permit:
        """Allow, deny, or ask the person; and ask again if what it concerns changed meanwhile."""
        cells = request.cells
        for _ in range(_MAX_ASKED):
            verdict = await self._judge(context, request, cells)
            if verdict.decision != "ask":
                return Permit(allowed=verdict.decision == "allow", reason=verdict.reason)
            answer = await self._ask(context, request, cells, verdict)
            if answer.decision == "deny":
                return Permit(allowed=False, reason=answer.message or "The person said no.")
            now = await self._now(context, cells)
            if _digest(request, now) == _digest(request, cells):
                await self._remember(context, request, verdict, answer)
                return Permit(allowed=True)
            if {cell.id for cell in now} != {cell.id for cell in cells}:
                return Permit(allowed=False, reason="The cell is gone.")
            if request.effect == "edit":  # made for what the agent read, so there is nothing left to ask about
                changed = next(
                    cell for cell, before in zip(now, cells, strict=True) if cell.revision != before.revision
                )
                return Permit(allowed=False, reason=str(changed_error(changed)))
            cells = now
        return Permit(allowed=False, reason=_MOVING)

    async def _judge(self, context: ToolContext, request: ToolRequest, cells: tuple[Cell, ...]) -> Verdict:
        agent = context.agent
        mode = effective_mode(agent.row.notebook_mode, agent.services.settings.review)
        rows = await Decisions(agent.services.journal).grants(agent.row.notebook_id)
        granted = frozenset(row.risk for row in rows if row.tool == request.tool)
        # The rules load IPython's parser once and may chew on long code.
        return await anyio.to_thread.run_sync(partial(judge, request, cells, mode, granted))

    async def _ask(
        self, context: ToolContext, request: ToolRequest, cells: tuple[Cell, ...], verdict: Verdict
    ) -> AnswerRequest:
        places = await self._places(context, cells)
        asked = PermissionAsked(
            request_id=_request_id(context, request, cells),
            tool_name=PREFIX + request.tool,
            input=msgspec.to_builtins(request.arguments),
            title=request.title,
            description=verdict.reason,
            details=details(request, cells, places, verdict),
        )
        return await context.agent.questions.ask(asked, turn_id=context.turn_id, headless=context.headless)

    @staticmethod
    async def _places(context: ToolContext, cells: tuple[Cell, ...]) -> dict[str, int]:
        if not cells:
            return {}
        snapshot = await context.document.read()
        return {cell.id: position for position, cell in enumerate(snapshot.cells)}

    @staticmethod
    async def _now(context: ToolContext, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        if not cells:
            return ()
        snapshot = await context.document.read()
        found = (snapshot.cell(cell.id) for cell in cells)
        return tuple(cell for cell in found if cell is not None)

    @staticmethod
    async def _remember(context: ToolContext, request: ToolRequest, verdict: Verdict, answer: AnswerRequest) -> None:
        if answer.remember != "notebook" or not verdict.grantable:
            return
        agent, turn = context.agent, context.agent.active
        rows = [
            PermissionGrantRow(agent.row.notebook_id, request.tool, risk, time.time(), turn.actor if turn else "")
            for risk in verdict.grant_keys
        ]
        await Decisions(agent.services.journal).put_grants(rows)


def details(request: ToolRequest, cells: tuple[Cell, ...], places: dict[str, int], verdict: Verdict) -> dict[str, Any]:
    """What, where and why, for surfaces: cells by id, position and head; what would run, or the diff of an edit."""
    edits = request.effect == "edit" and (bool(request.code) or "delete" in request.tool)
    old = cells[0].source if cells else ""
    return {
        "effect": request.effect,
        "cells": [
            {"id": cell.id, "position": places.get(cell.id), "type": cell.type, "head": _head(cell.source)}
            for cell in cells
        ],
        "revisions": {cell.id: cell.revision for cell in cells},
        "code": request.code if request.effect == "run" else "",
        "language": request.language,
        "diff": diff(old, request.code) if edits else "",
        "risk": list(verdict.risk.classes),
        "mayRemember": verdict.grantable,
    }


def _digest(request: ToolRequest, cells: tuple[Cell, ...]) -> str:
    """Of the call and the revisions of its cells: this is what is approved."""
    parts = [request.digest, *(f"{cell.id}@{cell.revision}" for cell in cells)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _request_id(context: ToolContext, request: ToolRequest, cells: tuple[Cell, ...]) -> str:
    body = f"{context.turn_id}\0{context.request_id}\0{_digest(request, cells)}"
    return f"host-{hashlib.sha256(body.encode()).hexdigest()[:32]}"


def _head(source: str) -> str:
    line = next((line.strip() for line in source.splitlines() if line.strip()), "")
    return line[:_HEAD]
