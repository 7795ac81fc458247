"""Agent Markdown made inert: it reads the same, but shows no HTML, fetches nothing, and hides no address.

The text is read by a real CommonMark parser (with tables, strikethrough and formulas) and written anew, in a form so
plain that no other renderer can read it differently. Nothing of the agent's own markup is passed through.
"""

from __future__ import annotations

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from jupyter_agent_host.rendering.formula_sanitizer import add_formulas
from jupyter_agent_host.rendering.markdown_escaping import (
    code_block,
    code_span,
    escape_line_starts,
    escape_text,
    image,
    link,
    settle_dollars,
)

MAX_PARSED_CHARS = 200_000
"""Longer text is shown as one code block: a parser is not fed without bound."""


def make_inert(markdown: str) -> str:
    """Inert Markdown with the same reading. Total: any text at all gives some."""
    if len(markdown) > MAX_PARSED_CHARS:
        return code_block(markdown)
    return _Writer(_parser.parse(markdown)).blocks()


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 40}).enable(["table", "strikethrough"])
    add_formulas(parser)
    return parser


_parser = _make_parser()


class _Writer:
    """Writes one document's tokens anew, in order."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens: Iterator[Token] = iter(tokens)

    def blocks(self, closing: str = "") -> str:
        """Blocks up to the token of that type, or to the end."""
        written = ""
        tight = False
        for token in self._tokens:
            if token.type == closing:
                break
            text = self._block(token)
            if text and written:
                # A list right after its item's words stays right after them; all else gets an empty line.
                written += "\n" if tight and token.type.endswith("list_open") else "\n\n"
            written += text
            tight = token.type == "paragraph_open" and token.hidden
        return written

    def _block(self, token: Token) -> str:
        match token.type:
            case "paragraph_open":
                text = escape_line_starts(self._inline_until("paragraph_close"))
            case "heading_open":
                text = f"{'#' * int(token.tag[1:])} {_one_line(self._inline_until('heading_close'))}".rstrip()
            case "blockquote_open":
                text = _prefixed(self.blocks("blockquote_close"), "> ", "> ")
            case "bullet_list_open":
                text = self._list("bullet_list_close", None)
            case "ordered_list_open":
                text = self._list("ordered_list_close", _start(token))
            case "table_open":
                text = self._table()
            case "fence" | "code_block":
                text = code_block(token.content, token.info)
            case "formula_block":
                text = token.content
            case "hr":
                text = "***"
            case _:
                text = escape_line_starts(settle_dollars(escape_text(token.content)))
        return text

    def _inline_until(self, closing: str, *, in_table: bool = False) -> str:
        text = ""
        for token in self._tokens:
            if token.type == closing:
                break
            text += _inline(token.children or [], in_table=in_table)
        return settle_dollars(text)

    def _list(self, closing: str, number: int | None) -> str:
        items: list[str] = []
        loose = False
        for token in self._tokens:
            if token.type == closing:
                break
            marker = "- " if number is None else f"{number + len(items)}. "
            body = self.blocks("list_item_close")
            loose = loose or "\n\n" in body
            items.append(_prefixed(body, marker, " " * len(marker)) if body else marker.rstrip())
        return ("\n\n" if loose else "\n").join(items)

    def _table(self) -> str:
        rows: list[list[str]] = []
        aligns: list[str] = []
        for token in self._tokens:
            if token.type == "table_close":
                break
            if token.type == "tr_open":
                rows.append([])
            elif token.type in {"th_open", "td_open"}:
                if token.type == "th_open":
                    aligns.append(_ALIGNS.get(str(token.attrGet("style") or ""), "---"))
                cell = self._inline_until(token.type.replace("open", "close"), in_table=True)
                rows[-1].append(_one_line(cell))
        rows.insert(1, aligns)
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)


_ALIGNS = {"text-align:left": ":---", "text-align:center": ":---:", "text-align:right": "---:"}
_MARKS = {"em": "*", "strong": "**", "s": "~~"}


def _inline(tokens: list[Token], *, in_table: bool) -> str:
    written: list[str] = []
    link_at: int | None = None
    address = visible = ""
    for token in tokens:
        visible += token.content
        match token.type:
            case "text" | "text_special":
                written.append(escape_text(token.content, links=link_at is None))
            case "softbreak":
                written.append("\n")
            case "hardbreak":
                written.append("\\\n")
            case "code_inline":
                written.append(code_span(token.content, in_table=in_table))
            case "image":
                source = str(token.attrGet("src") or "")
                written.append(image(token.content, source, in_link=link_at is not None))
            case "formula":
                written.append(token.content.replace("|", r"\vert ") if in_table else token.content)
            case "link_open":
                link_at, address, visible = len(written), str(token.attrGet("href") or ""), ""
            case "link_close" if link_at is not None:
                written[link_at:] = [link(_one_line("".join(written[link_at:])), address, visible)]
                link_at = None
            case kind:
                written.append(_MARKS.get(kind.rpartition("_")[0], ""))
    return "".join(written)


def _start(token: Token) -> int:
    start = token.attrGet("start")
    return 1 if start is None else int(start)


def _one_line(text: str) -> str:
    return text.replace("\\\n", " ").replace("\n", " ")


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *(rest + line if line else rest.rstrip() for line in lines[1:])])
