"""The saved session in a notebook's metadata (`metadata.agent_host`): everything that others call, in one place."""

from __future__ import annotations

from jupyter_agent_host.store.envelope.envelope_builder import build_envelope, size_bytes
from jupyter_agent_host.store.envelope.envelope_model import Cost, SaveState
from jupyter_agent_host.store.envelope.envelope_reader import (
    Comparison,
    Envelope,
    EnvelopeMeta,
    EnvelopeTurn,
    ReadLimits,
    compare,
    history_of,
    read_envelope,
    transcript_of,
    verify,
)
from jupyter_agent_host.store.envelope.journal_conversion import adoption, chunk_sources, cost_of
from jupyter_agent_host.store.envelope.signatures import SigningKey, Trust
from jupyter_agent_host.store.envelope.strip_notebook import METADATA_KEY, TURN_MIME, strip
from jupyter_agent_host.store.envelope.turn_chunks import TurnChunkSource
from jupyter_agent_host.store.envelope.turn_summary import TurnSummary

__all__ = [
    "METADATA_KEY",
    "TURN_MIME",
    "Comparison",
    "Cost",
    "Envelope",
    "EnvelopeMeta",
    "EnvelopeTurn",
    "ReadLimits",
    "SaveState",
    "SigningKey",
    "Trust",
    "TurnChunkSource",
    "TurnSummary",
    "adoption",
    "build_envelope",
    "chunk_sources",
    "compare",
    "cost_of",
    "history_of",
    "read_envelope",
    "size_bytes",
    "strip",
    "transcript_of",
    "verify",
]
