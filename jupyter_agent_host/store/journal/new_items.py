"""What can be written to the journal in one atomic unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from jupyter_agent_host.protocol.events import AnyEvent, UnknownEvent
from jupyter_agent_host.store.journal.rows import TurnRow


@dataclass(frozen=True)
class NewEvent:
    """One event; the journal numbers it. `time` is seconds since the epoch, UTC. `turn_id` is "" outside any turn."""

    notebook_id: str
    session_id: str
    turn_id: str
    event: AnyEvent | UnknownEvent
    time: float


@dataclass(frozen=True)
class NewEntries:
    """Transcript entries, each one JSON object as the SDK gave it. `subpath` is "" for the main transcript.

    An entry whose `uuid` is already stored for the same transcript is left out: writing twice is the same as once.
    """

    session_id: str
    subpath: str
    entries: tuple[bytes, ...]


@dataclass(frozen=True)
class OutboxMark:
    """Outbox item `number` of one runner process is in this write. A number not above the stored one undoes it all."""

    sandbox_id: str
    incarnation: str
    number: int


@dataclass(frozen=True)
class LedgerRow:
    """One request through the gateway. Times in seconds since the epoch, cost in US dollars."""

    notebook_id: str
    session_id: str
    turn_id: str
    started: float
    duration_ms: int
    path: str
    model: str
    status: int
    refused: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cost_usd: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    complete: bool = True


@dataclass(frozen=True)
class ImportedTurn:
    """A finished turn that another machine ran, taken from a notebook. Kept as given, digests included.

    Its `seq` is ignored: turns follow each other in the order of the write. An already known turn is left as it is.
    `tools` are the names of the tools it called.
    Write the turn's `NewEntries` before it in the same unit.
    """

    row: TurnRow
    tools: tuple[str, ...] = ()


WriteItem = Union[NewEvent, NewEntries, OutboxMark, LedgerRow, ImportedTurn]
