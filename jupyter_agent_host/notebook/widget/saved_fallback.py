"""What a saved notebook shows where no widget can be: on a code-hosting site, in an export, without a kernel."""

from __future__ import annotations

from jupyter_agent_host.notebook.commands.line_commands import Text, sentence
from jupyter_agent_host.notebook.turns.conversation import Conversation
from jupyter_agent_host.rendering import turn_description
from jupyter_agent_host.rendering.turn_markdown import MarkdownCaps, markdown_turn
from jupyter_agent_host.rendering.turn_plain_text import PlainCaps, plain_turn

_TURNS = 3
_PROMPT_CHARS = 400
_MARKDOWN = MarkdownCaps(tool_bytes=400, text_bytes=4000)
_PLAIN = PlainCaps(argument_lines=2, result_lines=2, text_bytes=4000)


def fallback_text(conversation: Conversation) -> Text:
    """The last turns as they were when the widget was shown, and what to do to see more."""
    info = conversation.info
    count = info.turns if info else 0
    spent = f", about ${info.cost_usd:.4f}" if info else ""
    turns = "1 turn" if count == 1 else f"{count} turns"
    head = sentence(
        f"The conversation with this notebook's agent ({turns}{spent} when this was shown). "
        "Run this cell in Jupyter to go on with it."
    )
    plain, markdown = [head.plain], [f"*{head.markdown}*"]
    for turn in conversation.turns[-_TURNS:]:
        prompt = sentence(turn_description.one_line(turn.view.prompt, _PROMPT_CHARS))
        plain.append(f"> {prompt.plain}\n\n{plain_turn(turn.view, info, caps=_PLAIN)}")
        markdown.append(f"> {prompt.markdown}\n\n{markdown_turn(turn.view, info, caps=_MARKDOWN)}")
    return Text(plain="\n\n".join(plain), markdown="\n\n".join(markdown))
