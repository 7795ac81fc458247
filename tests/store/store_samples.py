"""Turns made of a transcript that the real agent once wrote (with a scripted model), as often as needed."""

from __future__ import annotations

import json
import re
import uuid
from functools import cache
from pathlib import Path
from random import Random

from jupyter_agent_host.protocol.events import AnyEvent, TurnEnded, TurnStarted
from jupyter_agent_host.store.digests import chain_digest, prompt_digest
from jupyter_agent_host.store.envelope.envelope import EnvelopeMeta, TurnChunkSource, TurnSummary
from jupyter_agent_host.store.envelope.signatures import derive_key
from jupyter_agent_host.store.journal.new_items import NewEvent

NOTEBOOK = "6d9f6f0e-6f0e-4a57-9a3c-0d2f0f2d7a01"
KEY = derive_key(b"the secret of this server, 32 by")
OTHER_KEY = derive_key(b"the secret of another server ...")
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PARENT = re.compile(rb'"parentUuid":"([^"]+)"')
_OWN = re.compile(rb'"uuid":"([^"]+)"')
_HEX_ID = re.compile(rb"(?<=_)[0-9a-f]{32}")


@cache
def recorded() -> tuple[str, tuple[tuple[tuple[str, bytes], ...], ...]]:
    """(session id, entries of each turn) as recorded: small, small, one with a tool, small."""
    data = json.loads((Path(__file__).parent / "data" / "real_session.json").read_text(encoding="utf-8"))
    turns = tuple(
        tuple((subpath, json.dumps(entry, separators=(",", ":")).encode()) for subpath, entry in turn)
        for turn in data["turns"]
    )
    return data["session_id"], turns


SESSION = recorded()[0]
META = EnvelopeMeta(
    notebook_id=NOTEBOOK, session_id=SESSION, sdk_version="0.2.187", cli_version="2.1.330", model="claude-x"
)


def turns(count: int, *, tool_every: int = 0) -> list[TurnChunkSource]:
    """A conversation as long as asked for; ids and times differ from turn to turn, as they do in life."""
    random = Random(count)  # noqa: S311 - repeatable on purpose
    made: list[TurnChunkSource] = []
    chain = previous = ""
    for index in range(count):
        wants_tool = tool_every and index % tool_every == tool_every - 1
        template = recorded()[1][0 if index == 0 else 2 if wants_tool else 1]
        prompt = f"how many months has year {1900 + index}?"
        turn_id = str(uuid.UUID(int=random.getrandbits(128)))
        chain = chain_digest(chain, turn_id, prompt_digest(prompt))
        summary = TurnSummary(
            turn_id=turn_id,
            session_id=SESSION,
            prompt=prompt,
            prompt_digest=prompt_digest(prompt),
            text="It has twelve months.",
            started=1.79e9 + index * 31.7,
            ended=1.79e9 + index * 31.7 + 2.25,
            duration_ms=2250 + index,
            cost_usd=0.0123,
            cell_id=turn_id[:8],
            model="claude-x",
            tools=("Bash",) if wants_tool else (),
            previous_turn_id=previous,
        )
        entries = _vary(template, random, _last_uuid(made[-1].entries)) if made else template
        made.append(TurnChunkSource(summary, chain, entries))
        previous = turn_id
    return made


def _vary(entries: tuple[tuple[str, bytes], ...], random: Random, parent: bytes) -> tuple[tuple[str, bytes], ...]:
    """The same turn with other ids, behind the entry `parent`."""
    first_parent = next(match[1] for _, entry in entries if (match := _PARENT.search(entry)))
    renamed = {SESSION.encode(): SESSION.encode(), first_parent: parent}

    def new_id(match: re.Match[bytes]) -> bytes:
        made = str(uuid.UUID(int=random.getrandbits(128))).encode()
        return renamed.setdefault(match[0], made if b"-" in match[0] else made.replace(b"-", b""))

    return tuple((subpath, _HEX_ID.sub(new_id, _UUID.sub(new_id, entry))) for subpath, entry in entries)


def _last_uuid(entries: tuple[tuple[str, bytes], ...]) -> bytes:
    return [match[1] for _, entry in entries if (match := _OWN.search(entry))][-1]


def event(turn_id: str, payload: AnyEvent, *, notebook: str = "n", session: str = "s", time: float = 1.0) -> NewEvent:
    return NewEvent(notebook_id=notebook, session_id=session, turn_id=turn_id, event=payload, time=time)


def whole_turn(turn_id: str, prompt: str, *, session: str = "s", cell_id: str = "") -> list[NewEvent]:
    return [
        event(turn_id, TurnStarted(prompt=prompt, cell_id=cell_id), session=session),
        event(turn_id, TurnEnded(status="completed", text=f"answer to {prompt}"), session=session),
    ]
