"""What the widget's page may send: checked, since anything could come out of a page."""

from __future__ import annotations

from typing import Any, Literal, Union

import msgspec

from jupyter_agent_host.errors import ProtocolError


class PageMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """Root of all messages. `id` comes back in the answer."""

    id: str


class Ask(PageMessage, tag="ask", frozen=True, kw_only=True):
    """A prompt that a person wrote into the widget."""

    prompt: str


class Interrupt(PageMessage, tag="interrupt", frozen=True, kw_only=True):
    """Stop the running turn."""


class Cancel(PageMessage, tag="cancel", frozen=True, kw_only=True):
    """Take back a prompt that waits."""

    turn: str


class Decide(PageMessage, tag="decide", frozen=True, kw_only=True):
    """A decision. `chosen` holds, for each multiple-choice question, options by number; `words` stand in for none."""

    request: str
    decision: Literal["allow", "deny"]
    message: str = ""
    remember: Literal["once", "notebook"] = "once"
    chosen: tuple[tuple[int, ...], ...] = ()
    words: tuple[str, ...] = ()


class Earlier(PageMessage, tag="earlier", frozen=True, kw_only=True):
    """Show turns that began before the event of this number."""

    before: int


class Trust(PageMessage, tag="trust", frozen=True, kw_only=True):
    """Go on with a session that came with the notebook, or not."""

    choice: Literal["resume", "fresh", "journal", "notebook"]


AnyPageMessage = Union[Ask, Interrupt, Cancel, Decide, Earlier, Trust]


def read_message(content: Any) -> AnyPageMessage:
    """One message.

    Raises:
        ProtocolError: it is none of those.
    """
    try:
        message: AnyPageMessage = msgspec.convert(content, AnyPageMessage)
    except msgspec.ValidationError as err:
        raise ProtocolError(f"The widget's page sent something that is no message: {err}") from err
    return message
