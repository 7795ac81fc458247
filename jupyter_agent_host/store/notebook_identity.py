"""Which notebook is this, and which conversation goes on? A pure decision over facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jupyter_agent_host.store.identity_facts import (
    UNREADABLE,
    EnvelopeFacts,
    JournalFacts,
    KnownNotebook,
    facts_of,
    gather,
)

__all__ = [
    "UNREADABLE",
    "Decision",
    "EnvelopeFacts",
    "JournalFacts",
    "Kind",
    "KnownNotebook",
    "decide",
    "facts_of",
    "gather",
]

Kind = Literal["new", "same", "renamed", "copied", "older", "newer", "diverged", "foreign", "unsigned", "corrupt"]
"""How a notebook stands to what this data folder knows.

`new`: nothing is known. `same`, `renamed`: the journal goes on. `copied`: another notebook, whose first prompt forks.
`older`: the journal went on from what the notebook holds, and still does. `newer`: signed by us and ahead of the
journal, or unknown to it: the notebook's turns are taken over. `diverged`, `foreign`, `unsigned`: a person must say.
`corrupt`: what the notebook holds cannot be used.
"""


@dataclass(frozen=True)
class Decision:
    """What follows.

    Attributes:
        session_id: the conversation that goes on, or that is forked; "" starts a new one.
        fork: the next prompt continues in a fork of `session_id`, not in it.
        ask: nothing of the notebook's saved conversation is used before a person has said so. A diverged notebook
            that the person picks is taken over under a fresh session id and forked from.
        take_over: the notebook's turns are written to the journal (see `sources.adoption`), once nothing is asked;
            under a fresh session id where `fork` is set, since the envelope's may be another notebook's here.
        sentence: for a person; "" when there is nothing to say.
    """

    kind: Kind
    notebook_id: str
    session_id: str = ""
    fork: bool = False
    ask: bool = False
    take_over: bool = False
    sentence: str = ""


_FOREIGN = (
    "This notebook's agent session was saved by another server. Its history can be read; "
    "`%agent trust` lets the agent go on from it."
)
_UNSIGNED = (
    "This notebook's agent session is not signed. Its history can be read; `%agent trust` lets the agent go on from it."
)
_CORRUPT = "The agent session saved in this notebook was altered or damaged. It was kept aside and is not used."
_COPIED = "This notebook is a copy: its agent begins with all that was said before, and goes its own way from here."
_OLDER = (
    "This notebook's file is older than its agent's conversation, which goes on with all its turns. "
    "`%%agent --fork` continues from the file's state instead."
)
_POINTER = "This notebook only points to an agent session that this server does not have. A new session begins."
_DIVERGED = (
    "This notebook's file and this server both went on from the same conversation. "
    "Choose which one continues: `%agent trust notebook` or `%agent trust journal`."
)


def decide(path: str, envelope: EnvelopeFacts | None, facts: JournalFacts, *, new_id: str) -> Decision:
    """Apply the rules. `new_id` is used where the notebook needs an id of its own; `path` as for `gather`."""
    if envelope is None:
        return _without_envelope(facts, new_id)
    if envelope.trust == "corrupt" or not envelope.notebook_id:
        return _corrupt(path, facts, new_id)
    if facts.by_id is None:
        return _by_trust(envelope, facts, envelope.notebook_id)
    if facts.by_id.row.path == path:
        return _at_home(envelope, facts, facts.by_id, "same")
    if facts.by_id.file_exists:
        return _copy(envelope, facts, new_id)
    return _at_home(envelope, facts, facts.by_id, "renamed")


def _without_envelope(facts: JournalFacts, new_id: str) -> Decision:
    if facts.by_path is None:
        return Decision(kind="new", notebook_id=new_id)
    return _continue("same", facts.by_path)


def _corrupt(path: str, facts: JournalFacts, new_id: str) -> Decision:
    """What the journal has of the notebook at this place is not lost with the file's copy of it."""
    known = facts.by_path
    if known is None and facts.by_id is not None and facts.by_id.row.path in (path, ""):
        known = facts.by_id
    if known is None or not known.turns:
        own_id = known.row.notebook_id if known is not None else new_id
        return Decision(kind="corrupt", notebook_id=own_id, sentence=f"{_CORRUPT} A new session begins.")
    return Decision(
        kind="corrupt",
        notebook_id=known.row.notebook_id,
        session_id=known.row.session_id,
        sentence=f"{_CORRUPT} This server's own record of the conversation goes on.",
    )


def _at_home(envelope: EnvelopeFacts, facts: JournalFacts, known: KnownNotebook, kind: Kind) -> Decision:
    """The notebook is the one that the journal knows by this id."""
    if known.comparison == "same":
        return _continue(kind, known)
    if known.comparison == "older" or _left_behind(facts, known):
        return _continue(kind if kind == "renamed" else "older", known, _OLDER)
    if known.comparison == "newer" or not known.turns:
        return _by_trust(envelope, facts, known.row.notebook_id)
    return Decision(
        kind="diverged",
        notebook_id=known.row.notebook_id,
        session_id=known.row.session_id,
        ask=True,
        sentence=_DIVERGED if envelope.trust == "own" else f"{_DIVERGED} The file was saved by another server.",
    )


def _left_behind(facts: JournalFacts, known: KnownNotebook) -> bool:
    """The file holds an earlier session of this same notebook, from before a reset or fork."""
    return facts.session_owner == known.row.notebook_id and facts.session_comparison in ("same", "older")


def _copy(envelope: EnvelopeFacts, facts: JournalFacts, new_id: str) -> Decision:
    """Another file has the id; this one gets its own, the same one at each opening."""
    mine = facts.by_path
    if mine is not None and mine.row.notebook_id != envelope.notebook_id:
        if mine.turns and mine.comparison in ("same", "older"):
            return _continue("same" if mine.comparison == "same" else "older", mine, _OLDER)
        new_id = mine.row.notebook_id
    if facts.session_comparison in ("same", "older"):
        return Decision(kind="copied", notebook_id=new_id, session_id=envelope.session_id, fork=True, sentence=_COPIED)
    judged = _by_trust(envelope, facts, new_id)
    if judged.ask or not judged.session_id:
        return judged
    return Decision(
        kind="copied",
        notebook_id=new_id,
        session_id=envelope.session_id,
        fork=True,
        take_over=True,
        sentence=_COPIED,
    )


def _by_trust(envelope: EnvelopeFacts, facts: JournalFacts, notebook_id: str) -> Decision:
    """The notebook holds turns that the journal does not. Its session may only go on if it is nobody else's here."""
    if not envelope.has_transcript:
        return Decision(kind="new", notebook_id=notebook_id, sentence=_POINTER if envelope.turns else "")
    fork = facts.session_owner not in ("", notebook_id)
    if envelope.trust == "own":
        return Decision(
            kind="newer", notebook_id=notebook_id, session_id=envelope.session_id, fork=fork, take_over=True
        )
    kind: Kind = "foreign" if envelope.trust == "foreign" else "unsigned"
    return Decision(
        kind=kind,
        notebook_id=notebook_id,
        session_id=envelope.session_id,
        fork=fork,
        ask=True,
        take_over=True,
        sentence=_FOREIGN if kind == "foreign" else _UNSIGNED,
    )


def _continue(kind: Kind, known: KnownNotebook, sentence: str = "") -> Decision:
    return Decision(
        kind=kind,
        notebook_id=known.row.notebook_id,
        session_id=known.row.session_id,
        sentence=sentence if kind == "older" else "",
    )
