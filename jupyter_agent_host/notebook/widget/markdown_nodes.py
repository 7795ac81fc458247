"""Markdown as a tree that a page can build element by element, without any HTML in between.

A node is a text, or `[tag, attributes, ...children]`. The text is made inert first, as in every other output; tags and
attributes are those below and nothing else, and the page checks them once more.
"""

from __future__ import annotations

from typing import Any, Union
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from jupyter_agent_host.rendering.formula_sanitizer import add_formulas
from jupyter_agent_host.rendering.markdown_sanitizer import make_inert

Node = Union[str, list[Any]]

TAGS = frozenset(
    (
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s"),
        *("a", "table", "thead", "tbody", "tr", "th", "td", "hr", "br"),
    )
)
SCHEMES = frozenset({"http", "https", "mailto"})


def markdown_nodes(text: str) -> list[Node]:
    """The nodes of some Markdown of the agent's. Total: any text at all gives some."""
    root: list[Any] = ["", {}]
    _grow(root, _parser.parse(make_inert(text)))
    return root[2:]


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 40}).enable(["table", "strikethrough"])
    add_formulas(parser)
    return parser


_parser = _make_parser()


def _grow(root: list[Any], tokens: list[Token]) -> None:
    """Hang the tokens' nodes under `root`."""
    open_nodes = [root]
    for token in tokens:
        here = open_nodes[-1]
        if token.type == "inline":
            _grow(here, token.children or [])
        elif token.nesting == 1:
            node = here if token.hidden or token.tag not in TAGS else [token.tag, _attributes(token)]
            if node is not here:
                here.append(node)
            open_nodes.append(node)
        elif token.nesting == -1:
            open_nodes.pop()
        else:
            here.append(_leaf(token))


def _leaf(token: Token) -> Node:
    match token.type:
        case "softbreak":
            return "\n"
        case "hardbreak" | "hr":
            return [token.tag, {}]
        case "fence" | "code_block" | "formula_block":
            return ["pre", {}, ["code", {}, token.content]]
        case "code_inline" | "formula":
            return ["code", {}, token.content]
        case _:
            return token.content


def _attributes(token: Token) -> dict[str, Any]:
    if token.tag == "a":
        address = str(token.attrGet("href") or "")
        return {"href": address} if urlsplit(address).scheme.lower() in SCHEMES else {}
    if token.tag == "ol" and token.attrGet("start") is not None:
        return {"start": int(token.attrGet("start") or 1)}
    if token.tag in {"th", "td"}:
        align = str(token.attrGet("style") or "").removeprefix("text-align:")
        return {"align": align} if align in {"left", "right", "center"} else {}
    return {}
