r"""Pieces of inert Markdown: text, code, links and formulas that mean the same, and no more, to every renderer.

Two things make this stricter than CommonMark's own escaping. Renderers differ (what one takes for code, another takes
for a link), so nothing here relies on context. And JupyterLab and nbconvert cut formulas out *before* they read the
Markdown and put them back after, so a `$...$` that reached an attribute would break out of it: `$`, quotes and TeX's
backslash never appear bare outside of a formula that was checked.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_LINE_BREAK = re.compile(r"[\t\n\r\u2028\u2029]+")
_URL = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?(?:[/?#][A-Za-z0-9._~:/?#@!&'()*+,;=%-]*)?")
_URL_TAIL = re.compile(r"[.,;:!?'*)]+$")
_MARKUP = re.compile(r"[*_~|]")
WWW = re.compile(r"(?i)(www)\.")
_ENTITY = re.compile(r"&(?=#?[A-Za-z0-9]+;)")
_LINE_START = re.compile(r"^ *(?:([-+#=:>])|([0-9]{1,9})([.)]))?", re.MULTILINE)

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.?", re.ASCII)
_MAIL = re.compile(r"mailto:[A-Za-z0-9._+-]+@([A-Za-z0-9.-]+)", re.ASCII)
_LOCAL = re.compile(r"(?!.*(?:\.\.|//|%2e|%2f|%5c))[A-Za-z0-9_][A-Za-z0-9_./%-]*", re.ASCII | re.IGNORECASE)
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}", re.ASCII)

_FORBIDDEN_TEX = (
    "DeclareMathOperator|DeclarePairedDelimiters?|Newextarrow|bbox|class|csname|cssId|data|def|edef|enclose|endcsname|"
    "expandafter|gdef|global|href|htmlClass|htmlData|htmlId|htmlStyle|html|includegraphics|input|let|mmlToken|"
    "newcommand|newenvironment|providecommand|renewcommand|renewenvironment|require|style|texttip|toggle|mathtip|"
    "unicode|url|xdef"
)
FORBIDDEN_MACRO = re.compile(rf"\\(?=(?:{_FORBIDDEN_TEX})(?![A-Za-z]))")
_WORD_JOINER = "\u2060"
_BACKSLASH = "&#92;"
_DOLLAR = "\0"
_DOLLAR_APART = "<span>&#36;</span>"


def clean(text: str) -> str:
    """Without control characters and without characters that reorder what a person reads."""
    return _CONTROL.sub("", text)


def escape_text(text: str, *, links: bool = True) -> str:
    """Text that no renderer takes for markup. With `links`, web addresses in it become links that show themselves."""
    flat = _LINE_BREAK.sub(" ", clean(text))
    if not links:
        return _escape(flat)
    pieces: list[str] = []
    done = 0
    for match in _URL.finditer(flat):
        url = _URL_TAIL.sub("", match.group())
        if web_target(url) is None:
            continue
        pieces += [_escape(flat[done : match.start()]), f"<{url}>" if "&" not in url else _titled(url)]
        done = match.start() + len(url)
    return "".join([*pieces, _escape(flat[done:])])


def _titled(url: str) -> str:
    return f"[{_escape(url)}](<{_entities(url)}>)"


def _escape(text: str) -> str:
    text = _ENTITY.sub("&amp;", text)
    text = FORBIDDEN_MACRO.sub(lambda _: "\\" + _WORD_JOINER, text)
    # Everything below adds backslashes and entities of its own, so the text's own backslashes go first.
    text = text.replace("\\", _BACKSLASH)
    text = _MARKUP.sub(lambda match: "\\" + match.group(), text)
    # References where a backslash is not enough: marked takes backslashes before brackets away in a link's words,
    # and its bare addresses run on over backticks.
    text = WWW.sub(r"\1&#46;", text.replace("://", ":&#47;/"))
    text = text.replace("<", "&lt;").replace("[", "&#91;").replace("]", "&#93;").replace("`", "&#96;")
    text = text.replace("$", _DOLLAR)
    # A link that follows would turn a last exclamation mark into an image.
    return f"{text[:-1]}&#33;" if text.endswith("!") else text


def escape_line_starts(inline: str) -> str:
    """Keep lines of a paragraph from opening another block, such as indented code."""
    return _LINE_START.sub(_escaped_start, inline)


def _escaped_start(match: re.Match[str]) -> str:
    sign, number, dot = match.groups()
    if sign:
        return f"\\{sign}"
    return f"{number}\\{dot}" if number else ""


def settle_dollars(inline: str) -> str:
    """Write the literal dollar signs of one paragraph, which `escape_text` leaves marked, once they can be counted.

    Several could be paired to a formula in the page: a backslash is enough for the Markdown reader, but a page's
    typesetter looks at the text after it. A tag of its own keeps each apart.
    """
    return inline.replace(_DOLLAR, _DOLLAR_APART if inline.count(_DOLLAR) > 1 else "\\$")


def code_span(content: str, *, in_table: bool = False) -> str:
    """The content as inline code, whatever backticks it holds."""
    flat = _LINE_BREAK.sub(" ", clean(content))
    if not flat.strip():
        return ""
    ticks = "`" * (_longest_run(flat, "`") + 1)
    if flat.startswith(("`", " ")) or flat.endswith(("`", " ")):
        flat = f" {flat} "
    return f"{ticks}{flat}{ticks}".replace("|", "\\|") if in_table else f"{ticks}{flat}{ticks}"


def code_block(content: str, info: str = "") -> str:
    """The content as a fenced block. Of `info` a plain language name is kept, unless it makes renderers draw."""
    body = clean(content.replace("\r\n", "\n").replace("\r", "\n")).removesuffix("\n")
    fence = "`" * max(3, _longest_run(body, "`") + 1)
    language = re.sub(r"[^A-Za-z0-9_+#.-]", "", (info.split() or [""])[0])[:32]
    if language.lower() in {"mermaid", "math", "geojson", "topojson", "stl", "html", "svg", "image", "figure"}:
        language = ""
    return f"{fence}{language}\n{body}\n{fence}"


def _longest_run(text: str, sign: str) -> int:
    return max((len(run) for run in re.findall(f"{re.escape(sign)}+", text)), default=0)


def web_target(url: str) -> tuple[str, str] | None:
    """An address that may be followed, spelled in safe characters only, and the host to show with it.

    The host is "" for a file beside the notebook. None: not to be followed (another scheme, credentials in the
    address, an absolute path on this server, or anything that browsers read differently).
    """
    local = _LOCAL.fullmatch(url)
    if local:
        return url, ""
    mail = _MAIL.fullmatch(url)
    if mail:
        return url, mail.group(1)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    shown = f"{host}:{port}" if port else host
    rest = quote(url.partition("//")[2][len(parts.netloc) :], safe="/?#:@!&'()*+,;=%~")
    return f"{parts.scheme}://{shown}{rest}", shown


def _entities(url: str) -> str:
    return _ENTITY.sub("&amp;", url)


def link(label: str, url: str, visible: str) -> str:
    """A link whose host can be read; `label` is inert already, `visible` is its plain text. Dead ones show as code."""
    target = web_target(url)
    if target is None:
        address = code_span(url)
        return f"{label} ({address})" if address else label
    safe, host = target
    if visible == safe and "&" not in safe:
        return f"<{safe}>"
    shown = "" if not host or _names(visible, host) else f" ({_escape(host)})"
    return f"[{label or _escape(safe)}](<{_entities(safe)}>){shown}"


def _names(visible: str, host: str) -> bool:
    """Whether the link's words are its address already."""
    words = re.sub(r"^(?:https?://|mailto:[^@]*@)", "", visible.strip())
    return words == host or words.startswith((f"{host}/", f"{host}?", f"{host}#"))


def image(alt: str, source: str, *, in_link: bool = False) -> str:
    """An image that carries its own data stays one; any other becomes a link to it, fetched by nobody."""
    if _DATA_IMAGE.fullmatch(source):
        plain = re.sub(r"[^A-Za-z0-9 ,-]", "", alt)
        return f"![{plain}]({source})"
    label = f"image: {alt}" if alt.strip() else "image"
    inert = escape_text(label, links=False)
    return inert if in_link else link(inert, source, label)
