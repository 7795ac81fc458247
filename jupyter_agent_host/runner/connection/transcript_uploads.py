"""Transcripts that the host sent before a resume or a fork, kept until the session is open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec

from jupyter_agent_host.errors import FrameTooLargeError, ProtocolError
from jupyter_agent_host.protocol.limits import MAX_TRANSCRIPT_BYTES
from jupyter_agent_host.protocol.runner_http import TranscriptLine

Transcript = dict[str, list[bytes]]
"""Encoded entries by subpath, in order; "" is the main transcript."""

_decoder = msgspec.json.Decoder(TranscriptLine)


class Uploads:
    """By session id. A second upload replaces the first."""

    def __init__(self) -> None:
        self._transcripts: dict[str, Transcript] = {}

    async def receive(self, session_id: str, body: AsyncIterator[bytes]) -> None:
        """Read one transcript as JSON lines; it counts only when all of it is valid.

        Raises:
            FrameTooLargeError: longer than `MAX_TRANSCRIPT_BYTES`.
            ProtocolError: the session id is no UUID, or a line is no `TranscriptLine`.
        """
        require_uuid(session_id)
        transcript = await read_transcript(body)
        self._transcripts[session_id] = transcript

    def put(self, session_id: str, transcript: Transcript) -> None:
        """Keep a transcript made here (a fork)."""
        self._transcripts[session_id] = transcript

    def get(self, session_id: str) -> Transcript | None:
        """The transcript, if one was sent."""
        return self._transcripts.get(session_id)

    def forget(self, session_id: str) -> None:
        """The session is open, or could not be opened: its transcript is the CLI's now."""
        self._transcripts.pop(session_id, None)


async def read_transcript(body: AsyncIterator[bytes]) -> Transcript:
    """JSON lines of `TranscriptLine`, in pieces of any size. Raises as `Uploads.receive` does."""
    transcript: Transcript = {}
    rest = b""
    size = 0
    async for chunk in body:
        size += len(chunk)
        if size > MAX_TRANSCRIPT_BYTES:
            raise FrameTooLargeError(f"A transcript is over the limit of {MAX_TRANSCRIPT_BYTES} bytes.")
        *lines, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else (rest + chunk,)
        for line in lines:
            _add(transcript, line)
    _add(transcript, rest)
    return transcript


def require_uuid(session_id: str) -> None:
    """Raises `ProtocolError` unless it is a UUID in its usual form: it becomes a file name."""
    try:
        valid = str(UUID(session_id)) == session_id.lower()
    except ValueError:
        valid = False
    if not valid:
        raise ProtocolError("A session id is not a UUID.")


def _add(transcript: Transcript, line: bytes) -> None:
    if not line.strip():
        return
    try:
        read = _decoder.decode(line)
    except (msgspec.ValidationError, msgspec.DecodeError) as err:
        raise ProtocolError(f"A transcript line is not valid: {err}") from err
    transcript.setdefault(read.subpath, []).append(bytes(read.entry))
