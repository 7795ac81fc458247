"""Which conversation a notebook's next turn belongs to: a new one, a copy, or what the notebook brought along."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import uuid4

import msgspec

from jupyter_agent_host.errors import DivergedSessionError, TurnError, UnknownSessionError, UnknownTurnError
from jupyter_agent_host.host.agents.agent import NotebookAgent
from jupyter_agent_host.host.agents.untrusted_session import UntrustedSession
from jupyter_agent_host.protocol.events import SessionChanged
from jupyter_agent_host.store.envelope.journal_conversion import adoption
from jupyter_agent_host.store.journal.rows import SessionRow, TurnRow


async def begin(agent: NotebookAgent, *, how: str) -> None:
    """Let later turns belong to a fresh session: empty (`new`), or a copy of the present one (`forked`).

    The old session stays in the journal. State that the notebook brought and nobody decided on is put aside.
    """
    previous = agent.row.session_id
    parent = previous if how == "forked" else ""
    if agent.claim is not None:
        await put_aside(agent, agent.claim, "replaced by a fresh session")
    await start_session(agent, str(uuid4()), parent=parent, how=how, previous=previous)


async def fork_after(agent: NotebookAgent, turn_id: str) -> None:
    """Let later turns belong to a copy of the conversation as it was when that turn had ended.

    Raises:
        UnknownTurnError: no turn of that id in any of the notebook's conversations.
        TurnError: it has not ended yet.
    """
    turn = await _turn(agent, turn_id)
    if turn.ended is None:
        raise TurnError("That turn still runs. Interrupt it, or wait for its end, and fork then.")
    await start_session(
        agent,
        str(uuid4()),
        parent=turn.session_id,
        fork_turn_id=turn_id,
        how="forked",
        previous=agent.row.session_id,
    )


async def resume(agent: NotebookAgent, session_id: str) -> bool:
    """Let later turns belong to an earlier session of this notebook. False when it is the present one.

    Raises:
        UnknownSessionError: this notebook has no such session.
    """
    previous = agent.row.session_id
    if session_id == previous:
        return False
    journal = agent.services.journal
    await own_session(agent, session_id)
    await agent.state.update(session_id=session_id, updated=time.time())
    agent.spoke_before = bool(await journal.lineage(session_id))
    await agent.emit("", SessionChanged(session_id=session_id, how="resumed", previous_session_id=previous))
    return True


async def own_session(agent: NotebookAgent, session_id: str) -> SessionRow:
    """One of the notebook's own sessions.

    Raises:
        UnknownSessionError: it has none of that id.
    """
    row = await agent.services.journal.session(session_id)
    if row is None or row.notebook_id != agent.row.notebook_id:
        raise UnknownSessionError("This notebook has no session of that id.")
    return row


async def _turn(agent: NotebookAgent, turn_id: str) -> TurnRow:
    """A turn of this notebook, of the present conversation rather than of another one that holds a copy of it."""
    journal = agent.services.journal
    others = [row.session_id for row in await journal.sessions(agent.row.notebook_id)]
    for session_id in (agent.row.session_id, *reversed(others)):
        for turn in await journal.lineage(session_id):
            if turn.turn_id == turn_id:
                return turn
    raise UnknownTurnError("This notebook has no turn of that id.")


async def start_session(
    agent: NotebookAgent, session_id: str, *, parent: str, how: str, previous: str, fork_turn_id: str = ""
) -> None:
    """Make `session_id` the notebook's session."""
    journal, now = agent.services.journal, time.time()
    await journal.put_session(
        SessionRow(
            session_id=session_id,
            notebook_id=agent.row.notebook_id,
            parent_session_id=parent,
            title="",
            created=now,
            sdk_version="",
            cli_version="",
            fork_turn_id=fork_turn_id,
        )
    )
    await agent.state.update(session_id=session_id, updated=now)
    await agent.emit("", SessionChanged(session_id=session_id, how=how, previous_session_id=previous))


@dataclass(frozen=True)
class ForkSource:
    """What a session that never spoke begins with: another one's transcript, up to the message `fork_at` if given."""

    session_id: str = ""
    fork_at: str = ""


async def fork_source(agent: NotebookAgent) -> ForkSource:
    """The transcript that the next turn copies: a fork that never spoke has none of its own. Empty for none."""
    journal, session_id, fork_turn_id = agent.services.journal, agent.row.session_id, ""
    while session_id and session_id not in agent.spoken and not await journal.transcript(session_id):
        row = await journal.session(session_id)  # a copied notebook's first parent is another notebook's session
        session_id, fork_turn_id = ("", "") if row is None else (row.parent_session_id, row.fork_turn_id)
    if not session_id:
        return ForkSource()
    agent.spoken.add(session_id)
    if session_id == agent.row.session_id:
        return ForkSource()
    if not fork_turn_id:
        return ForkSource(session_id)
    fork_at = await journal.fork_entry(session_id, fork_turn_id)
    return ForkSource(session_id, fork_at) if fork_at else ForkSource()


async def decide(agent: NotebookAgent, choice: str) -> str:
    """Carry out what the person said about state that is not ours; a sentence for them.

    Raises:
        TurnError: there is nothing to decide.
        DivergedSessionError: the choice does not fit diverged state.
    """
    claim = agent.claim
    if claim is None:
        raise TurnError("There is nothing to decide: this notebook's conversation is yours.")
    if agent.trust == "diverged" and choice not in ("journal", "notebook", "fresh"):
        raise DivergedSessionError(agent.trust_reason)
    if choice == "fresh":
        await begin(agent, how="new")
        text = "A fresh conversation begins with the next prompt; the saved one is kept aside."
    elif choice == "journal":
        await put_aside(agent, claim, "the journal's side was chosen")
        text = "The conversation goes on as this server knows it; the notebook's side is kept aside."
    else:
        # Two branches in one session: the CLI would go on from the newer one, whichever was chosen.
        await adopt_claim(agent, claim, how="trusted", copy=agent.trust == "diverged")
        text = f"The saved conversation ({len(claim.history)} turns) goes on with the next prompt."
    agent.claim, agent.trust, agent.trust_reason = None, "own", ""
    return text


async def adopt_claim(agent: NotebookAgent, claim: UntrustedSession, *, how: str, copy: bool = False) -> None:
    """Bring the notebook's transcript and turns into the journal and go on from them.

    A session that the journal holds for another notebook is never written to, and a copied notebook goes its own way
    (`copy`): the claim then becomes a session of its own.
    """
    journal, previous = agent.services.journal, agent.row.session_id
    session_id = claim.envelope.meta.session_id
    mine = {row.session_id for row in await journal.sessions(agent.row.notebook_id)} | {previous}
    if copy or (session_id not in mine and await journal.transcript(session_id)):
        session_id = str(uuid4())
    known = {turn.chain_digest for turn in await journal.lineage(session_id)}
    items = adoption(claim.envelope, notebook_id=agent.row.notebook_id, session_id=session_id, known=known)
    await start_session(agent, session_id, parent="", how=how, previous=previous)
    if items:
        await journal.write(items)
    agent.spoke_before = bool(claim.history)


async def put_aside(agent: NotebookAgent, claim: UntrustedSession, reason: str) -> None:
    """Keep what is replaced."""
    await agent.services.journal.put_aside(agent.row.notebook_id, reason, msgspec.json.encode(claim.envelope.raw))
    agent.claim, agent.trust, agent.trust_reason = None, "own", ""
