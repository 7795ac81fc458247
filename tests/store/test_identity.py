"""Which notebook is it, and which conversation goes on? One row a situation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from store_samples import KEY, META, NOTEBOOK, OTHER_KEY, SESSION, turns, whole_turn

from jupyter_agent_host.protocol.events import TurnEnded, TurnStarted
from jupyter_agent_host.store.envelope.envelope import (
    EnvelopeMeta,
    adoption,
    build_envelope,
    chunk_sources,
    read_envelope,
    transcript_of,
)
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.new_items import NewEntries, NewEvent
from jupyter_agent_host.store.journal.rows import NotebookRow, SessionRow
from jupyter_agent_host.store.notebook_identity import (
    UNREADABLE,
    Decision,
    EnvelopeFacts,
    JournalFacts,
    KnownNotebook,
    decide,
    facts_of,
    gather,
)

PATH, OLD_PATH, NEW = "/w/here.ipynb", "/w/there.ipynb", "11111111-0000-4000-8000-000000000000"


def known(path: str, comparison: str, *, notebook: str = NOTEBOOK, turns: int = 3, file: bool = False) -> KnownNotebook:
    row = NotebookRow(notebook, path, "journal-session", "", "free", 0.0, 0.0)
    return KnownNotebook(row=row, turns=turns, comparison=comparison, file_exists=file)  # type: ignore[arg-type]


def facts(**named: Any) -> JournalFacts:
    return JournalFacts(**{"session_owner": NOTEBOOK, **named})


OWN, FOREIGN, UNSIGNED, CORRUPT = (
    EnvelopeFacts(NOTEBOOK, SESSION, trust) for trust in ("own", "foreign", "unsigned", "corrupt")
)
POINTER = EnvelopeFacts(NOTEBOOK, SESSION, "own", turns=3, has_transcript=False)
EMPTY = EnvelopeFacts(NOTEBOOK, SESSION, "own", turns=0, has_transcript=False)
NOTHING = JournalFacts()
HOME, GONE = known(PATH, "same"), known(OLD_PATH, "same")
COPY = known(PATH, "older", notebook="mine")
BLANK_COPY = known(PATH, "unknown", notebook="mine", turns=0)

TABLE = [
    # situation, envelope, journal -> kind, notebook, session, flags (f fork, a ask, t take over)
    ("a notebook never seen", None, NOTHING, "new", NEW, "", ""),
    ("not saved, known by its place", None, facts(by_path=HOME), "same", NOTEBOOK, "journal-session", ""),
    ("as it was left", OWN, facts(by_id=HOME, by_path=HOME), "same", NOTEBOOK, "journal-session", ""),
    ("as it was left, signed by a key since lost", FOREIGN, facts(by_id=HOME), "same", NOTEBOOK, "journal-session", ""),
    ("moved", OWN, facts(by_id=GONE), "renamed", NOTEBOOK, "journal-session", ""),
    (
        "moved and checked out",
        OWN,
        facts(by_id=known(OLD_PATH, "older")),
        "renamed",
        NOTEBOOK,
        "journal-session",
        "",
    ),
    ("a checkout", OWN, facts(by_id=known(PATH, "older")), "older", NOTEBOOK, "journal-session", ""),
    (
        "a checkout from before a reset",
        OWN,
        facts(by_id=known(PATH, "diverged"), session_comparison="older"),
        "older",
        NOTEBOOK,
        "journal-session",
        "",
    ),
    (
        "reset, then reopened without saving",
        OWN,
        facts(by_id=known(PATH, "unknown", turns=0), session_comparison="same"),
        "older",
        NOTEBOOK,
        "journal-session",
        "",
    ),
    (
        "copied; the original is still there",
        OWN,
        facts(by_id=known(OLD_PATH, "same", file=True), session_comparison="same"),
        "copied",
        NEW,
        SESSION,
        "f",
    ),
    (
        "the copy opened again before its first prompt",
        OWN,
        facts(by_id=known(OLD_PATH, "same", file=True), by_path=BLANK_COPY, session_comparison="same"),
        "copied",
        "mine",
        SESSION,
        "f",
    ),
    (
        "the copy opened again after its first prompt, which was not saved",
        OWN,
        facts(by_id=known(OLD_PATH, "same", file=True), by_path=COPY, session_comparison="same"),
        "older",
        "mine",
        "journal-session",
        "",
    ),
    (
        "a copy that went on elsewhere, with our signature",
        OWN,
        facts(by_id=known(OLD_PATH, "newer", file=True), session_comparison="newer"),
        "copied",
        NEW,
        SESSION,
        "ft",
    ),
    (
        "a colleague's copy beside mine",
        FOREIGN,
        facts(by_id=known(OLD_PATH, "newer", file=True), session_comparison="newer"),
        "foreign",
        NEW,
        SESSION,
        "fat",
    ),
    ("went on elsewhere, same key", OWN, facts(by_id=known(PATH, "newer")), "newer", NOTEBOOK, SESSION, "t"),
    ("went on at a colleague's", FOREIGN, facts(by_id=known(PATH, "newer")), "foreign", NOTEBOOK, SESSION, "at"),
    ("went on unsigned", UNSIGNED, facts(by_id=known(PATH, "newer")), "unsigned", NOTEBOOK, SESSION, "at"),
    (
        "both went on",
        OWN,
        facts(by_id=known(PATH, "diverged")),
        "diverged",
        NOTEBOOK,
        "journal-session",
        "a",
    ),
    (
        "both went on, one at a colleague's",
        FOREIGN,
        facts(by_id=known(PATH, "diverged")),
        "diverged",
        NOTEBOOK,
        "journal-session",
        "a",
    ),
    ("another data folder, same key", OWN, NOTHING, "newer", NOTEBOOK, SESSION, "t"),
    ("another machine", FOREIGN, NOTHING, "foreign", NOTEBOOK, SESSION, "at"),
    ("unsigned, from anywhere", UNSIGNED, NOTHING, "unsigned", NOTEBOOK, SESSION, "at"),
    (
        "a stranger's notebook that names a session of another notebook here",
        FOREIGN,
        JournalFacts(session_owner="victim", session_comparison="diverged"),
        "foreign",
        NOTEBOOK,
        SESSION,
        "fat",
    ),
    ("another notebook put in the place of a known one", OWN, facts(by_path=COPY), "newer", NOTEBOOK, SESSION, "t"),
    ("altered, unknown here", CORRUPT, NOTHING, "corrupt", NEW, "", ""),
    ("altered, known here", CORRUPT, facts(by_id=HOME, by_path=HOME), "corrupt", NOTEBOOK, "journal-session", ""),
    ("altered, naming a notebook elsewhere", CORRUPT, facts(by_id=GONE), "corrupt", NEW, "", ""),
    ("unreadable, known by its place", UNREADABLE, facts(by_path=HOME), "corrupt", NOTEBOOK, "journal-session", ""),
    ("unreadable, unknown", UNREADABLE, NOTHING, "corrupt", NEW, "", ""),
    ("a pointer, journal here", POINTER, facts(by_id=HOME), "same", NOTEBOOK, "journal-session", ""),
    ("a pointer on another machine", POINTER, NOTHING, "new", NOTEBOOK, "", ""),
    ("saved before any turn, on another machine", EMPTY, NOTHING, "new", NOTEBOOK, "", ""),
    (
        "saved before the first turn, which is in the journal",
        EMPTY,
        facts(by_id=known(PATH, "older")),
        "older",
        NOTEBOOK,
        "journal-session",
        "",
    ),
]
SILENT = ("same", "renamed", "newer")


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_decision(row: tuple[Any, ...]) -> None:
    _, envelope, journal, kind, notebook, session, flags = row
    decision = decide(PATH, envelope, journal, new_id=NEW)
    assert (decision.kind, decision.notebook_id, decision.session_id) == (kind, notebook, session)
    assert (decision.fork, decision.ask, decision.take_over) == ("f" in flags, "a" in flags, "t" in flags)
    says_something = kind not in SILENT and (kind != "new" or envelope is POINTER)
    assert bool(decision.sentence) == says_something


# -- the same, from a real journal and real envelopes ---------------------------------------------------------------


async def on_disk(path: str) -> bool:
    return path == OLD_PATH


async def opened(journal: Journal, path: str, saved: dict[str, Any] | None) -> Decision:
    envelope = read_envelope(saved) if saved else None
    gathered = await gather(journal, path, envelope, on_disk)
    return decide(path, facts_of(envelope, [KEY]) if envelope else None, gathered, new_id=NEW)


async def one_turn(journal: Journal, turn_id: str, session: str = SESSION) -> None:
    entry = b'{"type":"user","uuid":"%s"}' % f"{session}-{turn_id}".encode()
    events = whole_turn(turn_id, f"prompt {turn_id}", session=session)
    await journal.write([NewEntries(session, "", (entry,)), *events])


async def save(journal: Journal, session: str = SESSION, key: Any = KEY) -> dict[str, Any]:
    meta = EnvelopeMeta(notebook_id=NOTEBOOK, session_id=session)
    sources = await chunk_sources(journal, session)
    return build_envelope(meta, sources, previous=None, save_state="full", max_bytes=2**21, keys=[key])


@pytest.mark.anyio
async def test_a_notebook_moves_between_two_machines_and_back(tmp_path: Path) -> None:
    async with (
        await Journal.open(tmp_path / "a" / "journal.sqlite") as here,
        await Journal.open(tmp_path / "b" / "journal.sqlite") as there,
    ):
        await here.put_notebook(NotebookRow(NOTEBOOK, PATH, SESSION, "", "free", 0.0, 0.0))
        await here.put_session(SessionRow(SESSION, NOTEBOOK, "", "", 0.0, "", ""))
        await one_turn(here, "t1")
        await one_turn(here, "t2")
        carried = await save(here)
        assert (await opened(here, PATH, carried)).kind == "same"

        decision = await opened(there, "/elsewhere.ipynb", carried)
        assert (decision.kind, decision.take_over, decision.fork) == ("newer", True, False)
        await there.put_notebook(NotebookRow(NOTEBOOK, "/elsewhere.ipynb", SESSION, "", "free", 0.0, 0.0))
        await there.put_session(SessionRow(SESSION, NOTEBOOK, "", "", 0.0, "", ""))
        await there.write(adoption(read_envelope(carried), notebook_id=NOTEBOOK))
        assert await there.transcript(SESSION) == await here.transcript(SESSION)
        assert await save(there) == carried, "adopting and saving again must give the same bytes"
        await one_turn(there, "t3")
        returned = await save(there)

        assert (await opened(here, PATH, returned)).kind == "newer"
        foreign = build_envelope(
            EnvelopeMeta(notebook_id=NOTEBOOK, session_id=SESSION),
            await chunk_sources(there, SESSION),
            previous=None,
            save_state="full",
            max_bytes=2**21,
            keys=[OTHER_KEY],
        )
        assert (await opened(here, PATH, foreign)).kind == "foreign"
        chain = [turn.chain_digest for turn in await here.lineage(SESSION)]
        await here.write(adoption(read_envelope(returned), notebook_id=NOTEBOOK, known=chain))
        assert await here.transcript(SESSION) == await there.transcript(SESSION)
        assert (await opened(here, PATH, returned)).kind == "same"
        assert (await opened(here, PATH, carried)).kind == "older"

        await one_turn(here, "t4")
        await one_turn(there, "t5")
        assert (await opened(here, PATH, await save(there))).kind == "diverged"


@pytest.mark.anyio
async def test_a_copy_forks_and_stays_itself(journal: Journal) -> None:
    await journal.put_notebook(NotebookRow(NOTEBOOK, OLD_PATH, SESSION, "", "free", 0.0, 0.0))
    await journal.put_session(SessionRow(SESSION, NOTEBOOK, "", "", 0.0, "", ""))
    await one_turn(journal, "t1")
    saved = await save(journal)
    decision = await opened(journal, PATH, saved)
    assert (decision.kind, decision.notebook_id, decision.session_id, decision.fork) == ("copied", NEW, SESSION, True)

    fork = "99999999-0000-4000-8000-000000000000"
    await journal.put_notebook(NotebookRow(NEW, PATH, fork, "", "free", 1.0, 1.0))
    await journal.put_session(SessionRow(fork, NEW, SESSION, "", 1.0, "", ""))
    await one_turn(journal, "t2", session=fork)
    again = await opened(journal, PATH, saved)
    assert (again.kind, again.notebook_id, again.session_id) == ("older", NEW, fork)
    sources = await chunk_sources(journal, fork)
    assert [source.summary.turn_id for source in sources] == ["t1", "t2"]
    assert [len(source.entries) for source in sources] == [0, 1]
    assert (await opened(journal, OLD_PATH, saved)).kind == "same"


@pytest.mark.anyio
async def test_a_strangers_session_goes_under_a_fresh_id(journal: Journal) -> None:
    await one_turn(journal, "t1")
    conversation = turns(2)
    saved = read_envelope(
        build_envelope(META, conversation, previous=None, save_state="full", max_bytes=2**21, keys=[OTHER_KEY])
    )
    mine = await journal.transcript(SESSION)
    await journal.write(adoption(saved, notebook_id=NEW, session_id="fresh"))
    assert await journal.transcript(SESSION) == mine
    assert await journal.transcript("fresh") == transcript_of(saved)
    assert [turn.notebook_id for turn in await journal.turns("fresh")] == [NEW, NEW]
    assert [turn.prompt for turn in await journal.turns("fresh")] == [turn.summary.prompt for turn in conversation]


@pytest.mark.anyio
async def test_a_strangers_turns_never_lead_into_a_conversation_of_mine(journal: Journal) -> None:
    conversation = turns(2)
    mine = conversation[0].summary.turn_id
    await journal.write(whole_turn(mine, "my private words"))
    saved = read_envelope(
        build_envelope(META, conversation, previous=None, save_state="full", max_bytes=2**21, keys=[OTHER_KEY])
    )
    await journal.write(adoption(saved, notebook_id=NEW, session_id="fresh"))
    assert [turn.prompt for turn in await journal.lineage("fresh")] == [turn.summary.prompt for turn in conversation]
    assert [turn.prompt for turn in await journal.lineage("s")] == ["my private words"]
    await journal.write(adoption(saved, notebook_id=NEW, session_id="x", known={conversation[0].chain}))
    assert [turn.prompt for turn in await journal.lineage("x")] == [conversation[1].summary.prompt]


@pytest.mark.anyio
async def test_of_two_branches_in_one_session_the_line_is_the_last_ones(journal: Journal) -> None:
    conversation = turns(3)
    saved = read_envelope(
        build_envelope(META, conversation, previous=None, save_state="full", max_bytes=2**21, keys=[KEY])
    )
    await journal.write(adoption(saved, notebook_id=NOTEBOOK, known={conversation[2].chain}))
    await journal.write(whole_turn("branch", "mine", session=SESSION))
    known = {turn.chain_digest for turn in await journal.lineage(SESSION)}
    await journal.write(adoption(saved, notebook_id=NOTEBOOK, known=known))
    assert [turn.chain_digest for turn in await journal.lineage(SESSION)] == [turn.chain for turn in conversation]


@pytest.mark.anyio
async def test_a_running_turn_is_not_saved_yet(journal: Journal) -> None:
    await one_turn(journal, "t1")
    await journal.write([NewEvent("n", SESSION, "t2", TurnStarted(prompt="x"), 1.0), NewEntries(SESSION, "", (b"{}",))])
    assert [source.summary.turn_id for source in await chunk_sources(journal, SESSION)] == ["t1"]
    await journal.write([NewEvent("n", SESSION, "t2", TurnEnded(status="interrupted"), 2.0)])
    one, two = await chunk_sources(journal, SESSION)
    assert (len(one.entries), two.entries, two.summary.status) == (1, (("", b"{}"),), "interrupted")
