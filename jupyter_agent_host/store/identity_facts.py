"""What is known about an opened notebook, gathered for `identity.decide`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from jupyter_agent_host.store.envelope.envelope_reader import Comparison, Envelope, compare, verify
from jupyter_agent_host.store.envelope.signatures import SigningKey, Trust
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import NotebookRow


@dataclass(frozen=True)
class EnvelopeFacts:
    """What the notebook says of itself.

    Attributes:
        notebook_id, session_id: "" when it could not be read at all; `trust` is then `corrupt`.
        turns: how many it holds or points to.
        has_transcript: whether an agent could go on from it without the journal.
    """

    notebook_id: str
    session_id: str
    trust: Trust
    turns: int = 1
    has_transcript: bool = True


UNREADABLE = EnvelopeFacts(notebook_id="", session_id="", trust="corrupt", turns=0, has_transcript=False)
"""The facts of an envelope that `read_envelope` refused."""


@dataclass(frozen=True)
class KnownNotebook:
    """A notebook of the journal.

    Attributes:
        turns: of its current conversation.
        comparison: of the opened notebook's envelope with that conversation.
        file_exists: whether there is a file at `row.path` now.
    """

    row: NotebookRow
    turns: int
    comparison: Comparison = "unknown"
    file_exists: bool = False


@dataclass(frozen=True)
class JournalFacts:
    """What the journal knows.

    Attributes:
        by_id: the notebook whose id the envelope names.
        by_path: the notebook that was last seen at the opened path.
        session_owner: the notebook that the envelope's session belongs to, "" if that session is unknown.
        session_comparison: of the envelope with that session, which need not be its notebook's current one.
    """

    by_id: KnownNotebook | None = None
    by_path: KnownNotebook | None = None
    session_owner: str = ""
    session_comparison: Comparison = "unknown"


def facts_of(envelope: Envelope, keys: Sequence[SigningKey]) -> EnvelopeFacts:
    """The facts of a notebook's envelope for a server that holds `keys`."""
    return EnvelopeFacts(
        notebook_id=envelope.meta.notebook_id,
        session_id=envelope.meta.session_id,
        trust=verify(envelope, keys),
        turns=len(envelope.turns),
        has_transcript=any(turn.entries for turn in envelope.turns),
    )


async def gather(
    journal: Journal, path: str, envelope: Envelope | None, file_exists: Callable[[str], Awaitable[bool]]
) -> JournalFacts:
    """Look up the facts for `decide`. `path` is absolute, "" if the notebook has none."""
    by_path = await _known(journal, await journal.notebook_by_path(path), envelope, file_exists)
    if envelope is None:
        return JournalFacts(by_path=by_path)
    session = await journal.session(envelope.meta.session_id)
    return JournalFacts(
        by_id=await _known(journal, await journal.notebook(envelope.meta.notebook_id), envelope, file_exists),
        by_path=by_path,
        session_owner=session.notebook_id if session is not None else "",
        session_comparison=compare(envelope, await _chain(journal, envelope.meta.session_id)),
    )


async def _known(
    journal: Journal,
    row: NotebookRow | None,
    envelope: Envelope | None,
    file_exists: Callable[[str], Awaitable[bool]],
) -> KnownNotebook | None:
    if row is None:
        return None
    chain = await _chain(journal, row.session_id)
    return KnownNotebook(
        row=row,
        turns=len(chain),
        comparison=compare(envelope, chain) if envelope is not None else "unknown",
        file_exists=bool(row.path) and await file_exists(row.path),
    )


async def _chain(journal: Journal, session_id: str) -> list[str]:
    return [turn.chain_digest for turn in await journal.lineage(session_id)]
