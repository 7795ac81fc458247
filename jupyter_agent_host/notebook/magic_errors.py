"""How a magic ends when it did not simply work: one sentence, never a traceback of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from IPython.core.error import UsageError

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.notebook.prompt_variables import FillError


class AgentCellError(Exception):
    """Fails the cell, so that Run All and `jupyter execute` stop, and shows its sentence alone."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        return [str(self)]


class AgentInterrupted(AgentCellError):  # noqa: N818 - an interruption is no error, but must stop the cells that follow
    """The person interrupted the cell."""


@contextmanager
def one_sentence() -> Iterator[None]:
    """Whatever fails ends as one sentence. `%tb` still shows all of the last failure."""
    try:
        yield
    except (AgentCellError, UsageError):
        raise
    except (AgentHostError, FillError) as err:
        raise AgentCellError(str(err)) from err
    except KeyboardInterrupt as err:
        raise AgentInterrupted("Interrupted; `%agent status` tells what was done.") from err
    except Exception as err:
        ours = _first_of_ours(err)
        unexpected = f"jupyter-agent-host failed unexpectedly ({type(err).__name__}: {err}); please report it."
        raise AgentCellError(str(ours) if ours else unexpected) from err


def _first_of_ours(error: BaseException) -> AgentHostError | None:
    """The error inside a group, as task groups raise them."""
    if isinstance(error, AgentHostError):
        return error
    inner: Iterable[BaseException] = getattr(error, "exceptions", ())
    return next(filter(None, map(_first_of_ours, inner)), None)
