"""The same work with nothing but the SDK: what a person would write by hand. Runs on the host or in `docker run`.

Usage: bare_sdk.py WARM_TURNS DELTA_PROMPT [--interrupt PROMPT] [--resume ID]
Prints one line a moment, flushed, so that whoever started it can take the time: FIRST at the first text of the first
turn; then one JSON line: milliseconds of the warm turns (`warm_ms` to their end, `warm_first_ms` to their first text),
seconds of the delta turn, milliseconds from an interrupt to the turn's end, the session's id, and the wall clock at
which the first turn ended. An empty DELTA_PROMPT or no `--interrupt` leaves that turn out (its figure is 0).
"""

from __future__ import annotations

import argparse
import json
import time

import anyio
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ResultMessage, StreamEvent


async def turn(
    client: ClaudeSDKClient, prompt: str, *, announce: bool = False, interrupt: bool = False
) -> tuple[float, float, str]:
    """One turn: seconds to its first text, seconds to its end, session id.

    With `interrupt` the turn is interrupted at its first text, and its end counts from there.
    """
    began = time.perf_counter()
    first = 0.0
    await client.query(prompt)
    async for message in client.receive_response():
        is_delta = isinstance(message, StreamEvent) and message.event.get("type") == "content_block_delta"
        if is_delta and not first:
            first = time.perf_counter() - began
            if announce:
                print("FIRST", flush=True)
            if interrupt:
                began = time.perf_counter()
                await client.interrupt()
        if isinstance(message, ResultMessage):
            return first, time.perf_counter() - began, message.session_id
    raise RuntimeError("the turn had no result")


async def main(warm_turns: int, delta_prompt: str, interrupt_prompt: str, resume: str | None) -> None:
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
        _, _, session_id = await turn(client, "bench: hello", announce=True)
        found: dict[str, object] = {"cold_end_at": time.time(), "session_id": session_id}
        warm = [await turn(client, f"bench: hello {index}") for index in range(warm_turns)]
        found["warm_first_ms"] = [1000 * first for first, _, _ in warm]
        found["warm_ms"] = [1000 * whole for _, whole, _ in warm]
        found["deltas_s"] = (await turn(client, delta_prompt))[1] if delta_prompt else 0.0
        found["interrupt_ms"] = (
            1000 * (await turn(client, interrupt_prompt, interrupt=True))[1] if interrupt_prompt else 0.0
        )
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("warm_turns", type=int)
    parser.add_argument("delta_prompt")
    parser.add_argument("--interrupt", default="")
    parser.add_argument("--resume")
    arguments = parser.parse_args()
    anyio.run(main, arguments.warm_turns, arguments.delta_prompt, arguments.interrupt, arguments.resume)
