"""The verbs of the host API, each for one agent. They translate; the work is the agent's and the journal's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.api.verbs import (
    folder,
    kernel_work,
    network,
    packages,
    permissions,
    prompt,
    prompt_options,
    review,
    session,
    status,
    turn_control,
    turn_pages,
)
from jupyter_agent_host.protocol.host_api import Answer

Verb = Callable[[NotebookAgent, NotebookRef, Any], Awaitable[Answer]]

VERBS: dict[str, Verb] = {
    "open": status.status,
    "prompt": prompt.prompt,
    "interrupt": turn_control.interrupt,
    "stop": turn_control.stop,
    "reset": session.reset,
    "fork": session.fork,
    "sessions": session.list_sessions,
    "resume": session.resume,
    "rename": session.rename,
    "strip": session.strip,
    "cancel": turn_control.cancel,
    "context": status.context,
    "models": status.models,
    "status": status.status,
    "history": status.history,
    "turns": turn_pages.turns,
    "cost": status.cost,
    "trust": session.trust,
    "grant": prompt_options.grant,
    "folder": folder.folder,
    "packages": packages.packages,
    "model": prompt_options.model,
    "mode": prompt_options.mode,
    "answer": turn_control.answer,
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
    "kernel_work": kernel_work.work,
    "kernel_work_done": kernel_work.work_done,
}
