"""Formulas in agent Markdown: found as JupyterLab finds them, and kept only where they can do no more than be read."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from jupyter_agent_host.rendering.markdown_escaping import FORBIDDEN_MACRO, WWW, clean

_MAX_FORMULA_LINES = 80
_INLINE_FORMULA = re.compile(
    r"\$\$(?P<d>[^$`]{1,1000}?)\$\$"
    r"|\\\[(?P<b>[^$`]{1,1000}?)\\\]"
    r"|\\\((?P<p>[^$`]{1,1000}?)\\\)"
    r"|\$(?![\s$])(?P<i>(?:\\.|[^\\$`]){1,1000}?)(?<!\s)\$(?![0-9A-Za-z$])",
    re.DOTALL,
)
_MATH_SWAPS = (
    ("<", r"\lt "),
    (">", r"\gt "),
    ('"', "''"),
    ("![", "! ["),
    ("](", "] ("),
    ("][", "] ["),
    ("]:", "] :"),
    ("://", ": //"),
)


def add_formulas(parser: MarkdownIt) -> None:
    """Teach a parser the tokens `formula` and `formula_block`, whose content is checked TeX between dollar signs."""
    parser.inline.ruler.before("escape", "formula", _inline_formula)
    parser.block.ruler.before(
        "fence", "formula_block", _block_formula, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


def _inline_formula(state: StateInline, silent: bool) -> bool:
    match = _INLINE_FORMULA.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    display = match.lastgroup in {"d", "b"}
    text = formula(match.group(match.lastgroup or 0), display=False)
    if text is None:
        return False
    if not silent:
        state.push("formula", "", 0).content = f"${text}$" if display else text
    state.pos = match.end()
    return True


def _block_formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    first = _line(state, start)
    closing = {"$$": "$$", "\\[": "\\]"}.get(first[:2])
    if closing is None or state.is_code_block(start):
        return False
    lines = [first[2:]]
    at = start
    while not lines[-1].rstrip().endswith(closing):
        at += 1
        if at >= end or at - start > _MAX_FORMULA_LINES or state.isEmpty(at) or state.sCount[at] < state.blkIndent:
            return False
        lines.append(_line(state, at))
    lines[-1] = lines[-1].rstrip()[: -len(closing)]
    text = formula("\n".join(lines), display=True)
    if text is None:
        return False
    if not silent:
        state.push("formula_block", "", 0).content = text
        state.line = at + 1
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def formula(content: str, *, display: bool) -> str | None:
    """A checked formula between dollar signs, or None when it is not safe to be one (then it is text)."""
    tex = clean(content).strip()
    if not tex or any(bad in tex for bad in ("`", "~~~", "@@", "$", "\n\n")) or FORBIDDEN_MACRO.search(tex):
        return None
    if not _balanced(tex):
        return None
    for old, new in _MATH_SWAPS:
        tex = tex.replace(old, new)
    tex = WWW.sub(r"\1 .", re.sub(r"&(?=[A-Za-z#])", "& ", tex))
    lines = [line.strip() for line in tex.split("\n") if line.strip()]
    return "$$\n" + "\n".join(lines) + "\n$$" if display else "$" + " ".join(lines) + "$"


def _balanced(tex: str) -> bool:
    depth = 0
    for brace in re.findall(r"\\.|[{}]", tex, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        if depth < 0:
            return False
    return depth == 0 and not tex.endswith("\\")
