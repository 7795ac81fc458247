"""The same work with nothing but the SDK: what a person would write by hand. Runs on the host or in `docker run`.

Usage: bare_sdk.py WARM_TURNS DELTA_PROMPT [--resume ID]
Prints one line a moment, flushed, so that whoever started it can take the time: FIRST at the first text of the first
turn; then one JSON line with the warm turns' milliseconds, the delta turn's seconds and the session's id.
"""

from __future__ import annotations

import json
import sys
import time

import anyio
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ResultMessage, StreamEvent


async def turn(client: ClaudeSDKClient, prompt: str, *, announce: bool = False) -> tuple[float, str]:
    """One turn; (seconds, session id)."""
    began = time.perf_counter()
    await client.query(prompt)
    async for message in client.receive_response():
        if announce and isinstance(message, StreamEvent) and message.event.get("type") == "content_block_delta":
            print("FIRST", flush=True)
            announce = False
        if isinstance(message, ResultMessage):
            return time.perf_counter() - began, message.session_id
    raise RuntimeError("the turn had no result")


async def main(warm_turns: int, delta_prompt: str, resume: str | None) -> None:
    options = ClaudeAgentOptions(
        resume=resume,
        setting_sources=[],
        strict_mcp_config=True,
        include_partial_messages=True,
        system_prompt={"type": "custom", "prompt": "You help in a notebook.", "snapshot": False},  # type: ignore[arg-type,typeddict-item]
        tools=["Bash", "Read", "Write", "Edit", "Glob", "Grep"],
        skills=[],
    )
    async with ClaudeSDKClient(options) as client:
        _, session_id = await turn(client, "bench: hello", announce=True)
        warm = [1000 * (await turn(client, f"bench: hello {index}"))[0] for index in range(warm_turns)]
        deltas = (await turn(client, delta_prompt))[0] if delta_prompt else 0.0
        print(json.dumps({"warm_ms": warm, "deltas_s": deltas, "session_id": session_id}), flush=True)


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]), sys.argv[2], sys.argv[4] if sys.argv[3:4] == ["--resume"] else None)
