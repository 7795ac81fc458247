"""Decides about each call that would change the person's notebook or run in their kernel; asks where it must."""

from __future__ import annotations

import hashlib
import time
from functools import partial
from typing import Any

import anyio.to_thread
import msgspec

from jupyter_agent_host.host.diff.unified_diff import diff
from jupyter_agent_host.host.notebook.cells import DeleteCell
from jupyter_agent_host.host.permissions.permission_modes import effective_mode
from jupyter_agent_host.host.permissions.tool_call_rules import Verdict, judge
from jupyter_agent_host.host.settings import ReviewSettings
from jupyter_agent_host.host.tools.tool import Change, Permit, ToolContext, ToolRequest
from jupyter_agent_host.protocol.events import PermissionAsked
from jupyter_agent_host.protocol.host_api import AnswerRequest
from jupyter_agent_host.protocol.host_tools import PREFIX
from jupyter_agent_host.store.journal.checkpoint_store import Decisions
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import PermissionGrantRow

_HEAD = 80


class ToolPermissions:
    """See `Permits`. What is approved is the very call that is carried out, on the cells as the person saw them."""

    def __init__(self, journal: Journal, settings: ReviewSettings) -> None:
        self._store = Decisions(journal)
        self._settings = settings

    async def check(self, context: ToolContext, request: ToolRequest) -> Permit:
        """Allow, deny, or ask the person. Whether all is still as it was when they answered is the toolbox's to see."""
        verdict = await self._judge(context, request)
        if verdict.decision != "ask":
            return Permit(allowed=verdict.decision == "allow", reason=verdict.reason)
        answer = await self._ask(context, request, verdict)
        if answer.decision == "deny":
            return Permit(allowed=False, reason=answer.message or "The person said no.", asked=True)
        await self._remember(context, request, verdict, answer)
        return Permit(allowed=True, asked=True)

    async def _judge(self, context: ToolContext, request: ToolRequest) -> Verdict:
        agent = context.agent
        mode = effective_mode(agent.notebook_mode, self._settings)
        rows = await self._store.grants(agent.notebook_id)
        granted = frozenset(row.risk for row in rows if row.tool == request.tool)
        # The rules load IPython's parser once and may chew on long code.
        return await anyio.to_thread.run_sync(partial(judge, request, mode, granted))

    @staticmethod
    async def _ask(context: ToolContext, request: ToolRequest, verdict: Verdict) -> AnswerRequest:
        asked = PermissionAsked(
            request_id=_request_id(context, request),
            tool_name=PREFIX + request.tool,
            input=msgspec.to_builtins(request.arguments),
            title=request.change.title,
            description=verdict.reason,
            details=details(request.change, verdict),
        )
        return await context.agent.ask_person(asked, context.turn_id, context.headless)

    async def _remember(
        self, context: ToolContext, request: ToolRequest, verdict: Verdict, answer: AnswerRequest
    ) -> None:
        if answer.remember != "notebook" or not verdict.grantable:
            return
        agent, turn = context.agent, context.agent.active
        rows = [
            PermissionGrantRow(agent.notebook_id, request.tool, risk, time.time(), turn.actor if turn else "")
            for risk in verdict.grant_keys
        ]
        await self._store.put_grants(rows)


def details(change: Change, verdict: Verdict) -> dict[str, Any]:
    """What, where and why, for surfaces: cells by id, position and head; what would run, or the diff of an edit."""
    cells = change.cells
    places = {cell.id: position for position, cell in enumerate(change.seen.cells)} if change.seen is not None else {}
    deletes = any(isinstance(edit, DeleteCell) for edit in change.edits)
    edits = change.effect == "edit" and (bool(change.code) or deletes)
    return {
        "effect": change.effect,
        "cells": [
            {"id": cell.id, "position": places[cell.id], "type": cell.type, "head": _head(cell.source)}
            for cell in cells
        ],
        "revisions": {cell.id: cell.revision for cell in cells},
        "code": change.code if change.effect == "run" else "",
        "language": change.language,
        "diff": diff("\n\n".join(cell.source for cell in cells), change.code) if edits else "",
        "risk": list(verdict.risk.classes),
        "mayRemember": verdict.grantable,
    }


def _request_id(context: ToolContext, request: ToolRequest) -> str:
    body = f"{context.turn_id}\0{context.request_id}\0{request.digest}"
    return f"host-{hashlib.sha256(body.encode()).hexdigest()[:32]}"


def _head(source: str) -> str:
    line = next((line.strip() for line in source.splitlines() if line.strip()), "")
    return line[:_HEAD]
