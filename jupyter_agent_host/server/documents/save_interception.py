"""Takes part in every save, whichever contents manager makes it and whether or not that one runs Jupyter's hooks."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

logger = logging.getLogger(__name__)

_MARK = "_completes_agent_sessions_of"


class SaveListener(Protocol):
    """Who takes part."""

    async def complete_save(self, model: dict[str, Any], path: str) -> None:
        """Before the save: change `model` in place. Must suspend only where the contents manager itself does."""

    def after_save(self, path: str) -> None:
        """After the save, when it did not fail."""


def take_part_in_saves(manager: Any, listener: SaveListener) -> None:
    """Wrap the `save` of this contents manager, once.

    Hooks are not enough: they hang on one object, and a contents manager that overrides `save` need not run them.
    """
    original = manager.save
    if getattr(original, _MARK, None) is listener:
        return

    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def save(model: dict[str, Any], path: str = "", *args: Any, **kwargs: Any) -> Any:
            await _complete(listener, model, path)
            answer = await original(model, path, *args, **kwargs)
            _told(listener, model, path)
            return answer

    else:

        @functools.wraps(original)
        def save(model: dict[str, Any], path: str = "", *args: Any, **kwargs: Any) -> Any:
            run_at_once(_complete(listener, model, path))
            answer = original(model, path, *args, **kwargs)
            if inspect.isawaitable(answer):
                return _tell_after(answer, functools.partial(_told, listener, model, path))
            _told(listener, model, path)
            return answer

    setattr(save, _MARK, listener)
    manager.save = save


async def _complete(listener: SaveListener, model: Any, path: Any) -> None:
    if not (isinstance(model, dict) and isinstance(path, str)):
        return
    try:
        await listener.complete_save(model, path)
    except Exception:  # whatever a contents manager's own reading raises: this save is somebody's unsaved work
        logger.exception("%s is saved without its agent's session", path)


def _told(listener: SaveListener, model: Any, path: Any) -> None:
    if isinstance(model, dict) and model.get("type") == "notebook" and isinstance(path, str):
        listener.after_save(path)


async def _tell_after(answer: Any, tell: Callable[[], None]) -> Any:
    result = await answer
    tell()
    return result


def run_at_once(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that does not suspend. One that would is given up, with a line in the log."""
    try:
        work.send(None)
    except StopIteration:
        return
    logger.warning("the contents manager saves synchronously but reads asynchronously: a session was not completed")
    work.close()
