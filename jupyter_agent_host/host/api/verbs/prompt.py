"""The verb that begins a turn."""

from __future__ import annotations

from uuid import uuid4

from jupyter_agent_host.errors import PromptTooLargeError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.api.notebook_ref import NotebookRef
from jupyter_agent_host.host.sessions import session_selection
from jupyter_agent_host.host.sessions.session_options import session_options
from jupyter_agent_host.host.turns import prompt_attachments
from jupyter_agent_host.host.turns.queued_turn import QueuedTurn
from jupyter_agent_host.protocol.host_api import PromptAccepted, PromptRequest
from jupyter_agent_host.protocol.limits import MAX_PROMPT_BYTES
from jupyter_agent_host.store.digests import prompt_digest
from jupyter_agent_host.store.journal.rows import TurnRow


async def prompt(agent: NotebookAgent, ref: NotebookRef, request: PromptRequest) -> PromptAccepted:
    """Accept one turn, or find the earlier answer that `once` asks for.

    Raises:
        PromptTooLargeError, AttachmentError, EnvelopeUntrustedError, DivergedSessionError.
    """
    size_bytes = len(request.prompt.encode("utf-8", "surrogatepass"))
    if size_bytes > MAX_PROMPT_BYTES:
        raise PromptTooLargeError(
            f"The prompt is {size_bytes} bytes long; at most {MAX_PROMPT_BYTES} work. Put the text into a file beside"
            " the notebook and let the agent read it."
        )
    attached = prompt_attachments.check(request.attachments)
    agent.guard_trust()
    if request.origin != "job":
        agent.jobs.person_spoke()
    async with agent.accepting:
        if request.once:
            found = await _answered(agent, request)
            if found is not None:
                return _accepted(agent, found.session_id, found.turn_id, found.first_event - 1, answered=True)
        if request.new or request.fork:
            await session_selection.begin(agent, how="forked" if request.fork else "new")
        turn = await _turn(agent, ref, request)
        after = await agent.submit(turn, attached)
    return _accepted(agent, turn.session_id, turn.turn_id, after)


def _accepted(
    agent: NotebookAgent, session_id: str, turn_id: str, after: int, *, answered: bool = False
) -> PromptAccepted:
    return PromptAccepted(
        notebook_id=agent.row.notebook_id,
        session_id=session_id,
        turn_id=turn_id,
        after=max(0, after),
        answered=answered,
    )


async def _turn(agent: NotebookAgent, ref: NotebookRef, request: PromptRequest) -> QueuedTurn:
    source = await session_selection.fork_source(agent)
    return QueuedTurn(
        request=request,
        session_id=agent.row.session_id,
        options=await session_options(agent, request),
        source=source.session_id,
        fork_at=source.fork_at,
        actor=ref.actor,
        turn_id=uuid4().hex,
    )


async def _answered(agent: NotebookAgent, request: PromptRequest) -> TurnRow | None:
    rows = await agent.services.journal.lineage(agent.row.session_id)
    digest = prompt_digest(request.prompt)
    for row in reversed(rows):
        same = (row.cell_id, row.prompt_digest, row.status) == (request.cell_id, digest, "completed")
        if same and _followed(row, request):
            return row
    return None


def _followed(row: TurnRow, request: PromptRequest) -> bool:
    """Whether that answer came after the turn that this prompt would come after: with `new` that is none."""
    if request.new:
        return row.previous_turn_id == ""
    return request.previous_turn_id in ("", row.previous_turn_id)
