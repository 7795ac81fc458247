"""`AgentWidget`: one more door into the notebook's session, in an output cell."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Literal

import anywidget
from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Dict, Float, List, Tuple, Unicode

from jupyter_agent_host.errors import AgentHostError, ProtocolError
from jupyter_agent_host.notebook.agent_connection import connection_of
from jupyter_agent_host.notebook.agent_result import AgentResult, result_of
from jupyter_agent_host.notebook.ipython_shell import Shell
from jupyter_agent_host.notebook.magic_errors import AgentCellError, one_sentence
from jupyter_agent_host.notebook.turns.conversation import Conversation
from jupyter_agent_host.notebook.turns.conversation_follower import ConversationFollower
from jupyter_agent_host.notebook.widget.page_messages import read_message
from jupyter_agent_host.notebook.widget.page_state import StateWriter, header
from jupyter_agent_host.notebook.widget.saved_fallback import fallback_text
from jupyter_agent_host.notebook.widget.widget_actions import Actions

_HERE = Path(__file__).parent
EXTENSION = "jupyter_agent_host"
_FIRST_SECONDS = 3.0


class AgentWidget(anywidget.AnyWidget):
    """The conversation of this notebook's agent, with a box to write in, in an output cell.

    All widgets of a notebook, its cells and its panel show the same session. The traits below are read-only by habit
    and change while no cell runs; who observes them is called in a thread of the widget's.

    Attributes:
        state: connecting, idle, working, asking (a question waits for a person), undecided (the session came with the
            notebook and waits for a decision) or unreachable.
        events: what happened since the widget was made, the newest 2000.
        cost_usd: estimated cost of the notebook so far, in US dollars.
        pending: questions (`PermissionAsked`) that wait for a person.
    """

    _esm = _HERE / "widget.js"
    _css = _HERE / "widget.css"

    state = Unicode("connecting")
    events = Tuple()
    cost_usd = Float(0.0)
    pending = Tuple()

    _header = Dict().tag(sync=True)
    _past = Dict().tag(sync=True)
    _running: Any = List().tag(sync=True)

    def __init__(self, notebook: str = "", **kwargs: Any) -> None:
        """`notebook` is the path of one of several notebooks that share this kernel, as in `--notebook`.

        Raises:
            AgentCellError: there is no IPython, or the agent's host cannot be reached from here.
        """
        shell = get_ipython()
        if shell is None:
            raise AgentCellError("AgentWidget needs the IPython of a notebook.")
        with one_sentence():
            self._following = _following(shell, notebook)
        self._place = Shell(shell)
        self._actions = Actions(self._following)
        self._writer = StateWriter()
        self._following.wait(lambda conversation: conversation.loaded, _FIRST_SECONDS)
        super().__init__(**kwargs)
        _hear_while_busy(self.comm)
        self.on_msg(self._heard)
        self._show(self._following.conversation)
        self._following.add(self._show)

    def ask(
        self,
        prompt: str,
        *,
        model: str | None = None,
        max_turns: int | None = None,
        max_budget_usd: float | None = None,
    ) -> str:
        """Send a prompt. The id of its turn, as soon as it is accepted; `wait` waits for its end.

        Raises:
            AgentCellError: it was refused; the sentence says why.
        """
        with one_sentence():
            return self._actions.ask(
                prompt,
                model=model,
                max_turns=max_turns,
                max_budget_usd=max_budget_usd,
                headless=self._place.asker() is None,
            )

    def interrupt(self) -> bool:
        """Stop the running turn and take back those that wait. False when nothing was running."""
        with one_sentence():
            return self._actions.interrupt()

    def answer(
        self,
        decision: Literal["allow", "deny"],
        *,
        request_id: str = "",
        message: str = "",
        remember: Literal["once", "notebook"] = "once",
    ) -> bool:
        """Decide a question in `pending`, the oldest one by default. False when it was settled before.

        Raises:
            AgentCellError: no question waits.
        """
        with one_sentence():
            return self._actions.answer(decision, request_id=request_id, message=message, remember=remember)

    def wait(self, seconds: float | None = None) -> AgentResult | None:
        """Wait until no turn runs, for ever by default. The last turn, or None if there was none.

        Raises:
            AgentCellError: the agent's host cannot be reached; the sentence says why.
            TimeoutError: `seconds` passed; the turn goes on.
        """
        if not self._following.wait(_at_rest, seconds):
            raise TimeoutError(f"The agent was still at work after {seconds} s.")
        conversation = self._following.conversation
        if conversation.problem:
            raise AgentCellError(conversation.problem)
        if not conversation.turns:
            return None
        view = conversation.turns[-1].view
        return result_of(view, tuple(record for record in conversation.events if record.turn_id == view.turn_id))

    def close(self) -> None:
        """Take the widget away. The session lives on."""
        self._following.remove(self._show)
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The widget, and text for where there are no widgets."""
        shown = super()._repr_mimebundle_(**kwargs)
        if shown is None:
            return None
        data, metadata = shown
        text = fallback_text(self._following.conversation)
        return {**data, "text/plain": text.plain, "text/markdown": text.markdown}, metadata

    def _show(self, conversation: Conversation) -> None:
        """Called once at the beginning, then by the following, always in the same thread."""
        self._past = self._writer.past(conversation)
        self._running = self._writer.running(conversation)
        self._header = header(conversation)
        self.events = conversation.events
        self.pending = conversation.pending
        self.cost_usd = conversation.info.cost_usd if conversation.info else 0.0
        self.state = conversation.state

    def _heard(self, _widget: object, content: Any, _buffers: object) -> None:
        """Carry out what the page asks for, in a thread: neither the kernel nor a subshell waits for the host."""
        threading.Thread(target=self._carry_out, args=(content,), name="agent-widget-action", daemon=True).start()

    def _carry_out(self, content: Any) -> None:
        try:
            message = read_message(content)
        except ProtocolError:
            return  # there is nobody to answer
        try:
            answer = self._actions.carry_out(message)
        except AgentHostError as err:
            self.send({"id": message.id, "error": str(err)})
        else:
            self.send({"id": message.id, **answer})


def _following(shell: InteractiveShell, path: str) -> ConversationFollower:
    # As `%load_ext` does: whoever has the widget has `%%agent`, too. By name, since the magics make widgets themselves.
    if shell.extension_manager is not None:
        shell.extension_manager.load_extension(EXTENSION)
    following = connection_of(shell).follower(path)
    following.start()
    return following


def _at_rest(conversation: Conversation) -> bool:
    return bool(conversation.problem) or (conversation.loaded and not conversation.running)


def _hear_while_busy(comm: Any) -> None:
    """Let what the page sends come through a subshell, if the front end offers one.

    ipykernel hands a comm's messages to the loop that sent on it last, so to the main one, which a running cell holds
    up. Nothing here needs the main thread.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, chosen: chosen  # noqa: SLF001 - ipykernel has no public way
