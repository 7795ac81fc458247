"""The verbs of the host API, each for one agent. They translate; the work is the agent's and the journal's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from jupyter_agent_host.host.agent import NotebookAgent
from jupyter_agent_host.host.ref import NotebookRef
from jupyter_agent_host.host.verbs import (
    errands,
    folder,
    looking,
    network,
    options,
    packages,
    permissions,
    prompt,
    review,
    session,
    turn,
    turns,
)
from jupyter_agent_host.protocol.host_api import Answer

Verb = Callable[[NotebookAgent, NotebookRef, Any], Awaitable[Answer]]

VERBS: dict[str, Verb] = {
    "open": looking.status,
    "prompt": prompt.prompt,
    "interrupt": turn.interrupt,
    "stop": turn.stop,
    "reset": session.reset,
    "fork": session.fork,
    "sessions": session.list_sessions,
    "resume": session.resume,
    "rename": session.rename,
    "strip": session.strip,
    "cancel": turn.cancel,
    "context": looking.context,
    "models": looking.models,
    "status": looking.status,
    "history": looking.history,
    "turns": turns.turns,
    "cost": looking.cost,
    "trust": session.trust,
    "grant": options.grant,
    "folder": folder.folder,
    "packages": packages.packages,
    "model": options.model,
    "mode": options.mode,
    "answer": turn.answer,
    "network": network.network,
    "mcp": network.mcp,
    "notebook_mode": permissions.notebook_mode,
    "grants": permissions.grants,
    "revoke": permissions.revoke,
    "review": review.review,
    "review_diff": review.review_diff,
    "accept": review.accept,
    "reject": review.reject,
    "undo": review.undo,
    "kernel_work": errands.work,
    "kernel_work_done": errands.work_done,
}
