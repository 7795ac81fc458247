"""The saved session in a notebook's metadata (`metadata.agent_host`): everything that others call, in one place."""

from __future__ import annotations

from jupyter_agent_host.store.chunks import TurnChunkSource
from jupyter_agent_host.store.envelope_build import build_envelope, size_bytes
from jupyter_agent_host.store.envelope_model import Cost, SaveState
from jupyter_agent_host.store.envelope_read import (
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
from jupyter_agent_host.store.signing import SigningKey, Trust
from jupyter_agent_host.store.sources import adoption, chunk_sources, cost_of
from jupyter_agent_host.store.strip import METADATA_KEY, TURN_MIME, strip
from jupyter_agent_host.store.summary import TurnSummary

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
