"""Stopping a turn: people are told within a second, whatever the CLI does."""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio
from claude_agent_sdk import ClaudeSDKClient

from jupyter_agent_host.runner.session.prompt_queue import QueuedPrompt

logger = logging.getLogger(__name__)

TELL_SECONDS = 0.8
_AGAIN_SECONDS = 0.3
_STUCK_SECONDS = 15.0


async def interrupt(client: ClaudeSDKClient) -> None:
    """Ask once. What the CLI answers shows in its messages."""
    try:
        await client.interrupt()
    except Exception as err:  # noqa: BLE001 - the SDK raises plain exceptions; the caller asks again or gives up
        logger.info("interrupt: %s", type(err).__name__)
        await anyio.sleep(_AGAIN_SECONDS)


async def stop_turn(client: ClaudeSDKClient, turn: QueuedPrompt, tell: Callable[[], None]) -> bool:
    """Interrupt until the CLI is done with the turn; `tell` is called when that takes longer than people wait.

    Asks more than once: an interrupt that comes before the CLI read the prompt has no effect. False if the CLI is
    still not done after some seconds more.
    """
    with anyio.move_on_after(TELL_SECONDS):
        while not turn.done.is_set():
            await interrupt(client)
            with anyio.move_on_after(_AGAIN_SECONDS):
                await turn.done.wait()
    if not turn.done.is_set():
        tell()
        with anyio.move_on_after(_STUCK_SECONDS):
            await turn.done.wait()
    return turn.done.is_set()
