"""What can be done in a widget, from its page and from Python alike."""

from __future__ import annotations

from typing import Any, Literal, cast

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.notebook.turns.conversation import begin
from jupyter_agent_host.notebook.turns.conversation_follower import LOADED_TURNS, ConversationFollower
from jupyter_agent_host.notebook.turns.line_questions import chosen_answer, questions_in
from jupyter_agent_host.notebook.turns.turn_follower import replace_path
from jupyter_agent_host.notebook.widget.page_messages import (
    AnyPageMessage,
    Ask,
    Cancel,
    Decide,
    Earlier,
    Interrupt,
    Trust,
)
from jupyter_agent_host.notebook.widget.page_state import StateWriter
from jupyter_agent_host.protocol.events import PermissionAsked
from jupyter_agent_host.protocol.host_api import (
    AnswerRequest,
    CancelRequest,
    Done,
    PromptAccepted,
    PromptRequest,
    Request,
    Simple,
    TrustRequest,
    TurnsPage,
    TurnsRequest,
)


class Actions:
    """Each is one verb of the host; called in any thread. All raise `AgentHostError` with a sentence."""

    def __init__(self, following: ConversationFollower) -> None:
        self._following = following

    def ask(self, prompt: str, *, headless: bool = False, **options: Any) -> str:
        """Send a prompt; the id of its turn. `options` are fields of `PromptRequest`."""
        if not prompt.strip():
            raise AgentHostError("The prompt is empty.")
        request = PromptRequest(
            prompt=prompt.strip("\n"), path=self._following.path, origin="widget", headless=headless, **options
        )
        accepted = cast("PromptAccepted", self._following.client.call("prompt", request))
        self._following.wait(lambda seen: any(turn.view.turn_id == accepted.turn_id for turn in seen.turns), 5)
        return accepted.turn_id

    def interrupt(self) -> bool:
        """Stop the running turn."""
        return self._done("interrupt", Simple(path=self._following.path)).ok

    def answer(
        self,
        decision: Literal["allow", "deny"],
        *,
        request_id: str = "",
        message: str = "",
        remember: Literal["once", "notebook"] = "once",
    ) -> bool:
        """Decide a question, the oldest one by default. False when it was settled before."""
        asked = self._asked(request_id)
        answer = AnswerRequest(
            request_id=asked.request_id,
            decision=decision,
            message=message,
            remember=remember,
            path=self._following.path,
        )
        return self._done("answer", answer).ok

    def carry_out(self, message: AnyPageMessage) -> dict[str, Any]:
        """What the page asked for; what to answer it."""
        path = self._following.path
        match message:
            case Ask():
                return {"turn": self.ask(message.prompt)}
            case Interrupt():
                return {"ok": self.interrupt()}
            case Cancel():
                return {"ok": self._done("cancel", CancelRequest(turn_id=message.turn, path=path)).ok}
            case Decide():
                return {"ok": self._decide(message)}
            case Earlier():
                return self._earlier(message.before)
            case Trust():
                done = self._done("trust", TrustRequest(choice=message.choice, path=path))
                self._following.refresh()
                return {"ok": done.ok, "message": done.message}

    def _decide(self, message: Decide) -> bool:
        asked = self._asked(message.request)
        questions = questions_in(asked.questions)
        if not questions or message.decision == "deny":
            return self.answer(
                message.decision, request_id=message.request, message=message.message, remember=message.remember
            )
        answers: dict[str, str | list[str]] = {}
        for index, question in enumerate(questions):
            labels = [str(option.get("label", "")) for option in question["options"]]
            chosen = message.chosen[index] if index < len(message.chosen) else ()
            picked = [labels[number] for number in chosen if 0 <= number < len(labels)]
            words = message.words[index] if index < len(message.words) else ""
            answers[question["question"]] = words or (picked if question.get("multiSelect") else "".join(picked[:1]))
        return self._done("answer", replace_path(chosen_answer(asked, answers), self._following.path)).ok

    def _earlier(self, before: int) -> dict[str, Any]:
        request = TurnsRequest(before=before, limit=LOADED_TURNS, path=self._following.path)
        page = cast("TurnsPage", self._following.client.call("turns", request))
        info = self._following.conversation.info
        if info is None:
            raise AgentHostError("The agent's host has not answered yet.")
        return {"turns": StateWriter().past(begin(info, page))["turns"]}

    def _asked(self, request_id: str) -> PermissionAsked:
        for asked in self._following.conversation.pending:
            if request_id in ("", asked.request_id):
                return asked
        raise AgentHostError("That question was settled before." if request_id else "No question waits for an answer.")

    def _done(self, verb: str, request: Request) -> Done:
        return cast("Done", self._following.client.call(verb, request))
