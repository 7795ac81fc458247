"""Which text of an answer still holds when the connection to the model breaks off.

What the real CLI does (2.1, tried): a response that breaks ends in a `message_stop` without a `message_delta` that
holds a stop reason. Blocks that were finished stay in the conversation; the unfinished block is gone. With no finished
block the request is repeated (`api_retry`), else the model is asked to go on. Either way a new message id follows.
"""

from __future__ import annotations

from jupyter_agent_host.protocol.events import AnyEvent, AssistantText, AttemptDiscarded

_KEPT = "-kept"


class Attempt:
    """One streamed message: what of it was shown, and what of that is final."""

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        self.block_index = 0
        self._finished_texts: list[AssistantText] = []
        self._unfinished_shown = False
        self._over = False

    def block_started(self, index: int) -> None:
        """The stream opened a content block."""
        self.block_index = index
        self._unfinished_shown = False

    def shown(self) -> None:
        """Text of the open block went out."""
        self._unfinished_shown = True

    def block_finished(self, text: AssistantText | None) -> None:
        """The CLI handed over the whole open block; `text` if it is one that people see."""
        self._unfinished_shown = False
        if text is not None:
            self._finished_texts.append(text)

    def complete(self) -> None:
        """The message ended as it should, or what was shown of it shall stay."""
        self._over = True

    def broken(self, reason: str) -> list[AnyEvent]:
        """The message ended early: what takes its unfinished text back. Nothing the second time.

        `AttemptDiscarded` takes back the whole message, so finished blocks are said again under an id of their own.
        """
        if self._over:
            return []
        self._over = True
        if not self._unfinished_shown:
            return []
        kept = [
            AssistantText(message_id=self.message_id + _KEPT, text=text.text, block_index=text.block_index)
            for text in self._finished_texts
        ]
        return [AttemptDiscarded(message_id=self.message_id, reason=reason), *kept]
