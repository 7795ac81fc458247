"""Sizes that both sides enforce. A message past its limit is refused before it is decoded."""

from __future__ import annotations

KIB = 1024
MIB = 1024 * KIB

PROTOCOL_VERSION = 2
"""Bumped when a frame changes shape. Host and runner must agree exactly; the image label carries it."""

MAX_FRAME_BYTES = 32 * MIB
"""One control frame. The largest are transcript entries that hold an image."""

MAX_PROMPT_BYTES = 2 * MIB
"""One prompt, as UTF-8."""

MAX_TRANSCRIPT_BYTES = 512 * MIB
"""One session's transcript on its way into a sandbox, as JSON lines."""

MAX_EVENT_TEXT_BYTES = 64 * KIB
"""Text of one tool result inside an event; the rest stays in the transcript and is named by its size."""

MAX_OUTBOX_BYTES = 64 * MIB
"""What the runner keeps while no host acknowledges. Past it, text deltas are dropped; whole messages never are."""

HOLD_SECONDS = 300
"""How long the runner holds a request for the way out while no host is connected."""

DELTA_INTERVAL_SECONDS = 0.02
"""Text deltas of one message are merged for this long: at most 50 delta events a second."""

CARRY_CHUNK_BYTES = 64 * KIB
"""Most that one WebSocket message of a carry connection holds."""

MAX_TOOL_ARGUMENTS_BYTES = 4 * MIB
"""Arguments of one call of a host tool, as JSON."""

MAX_TOOL_ANSWER_BYTES = 12 * MIB
"""Text and base64 images of one host tool's answer, together."""

MAX_TOOL_CALLS = 16
"""Calls of host tools that one runner has open at once; more wait inside."""
