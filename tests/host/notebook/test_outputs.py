"""What the model is told of outputs: what a person sees there, or honestly that it does not see it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from jupyter_agent_host.host.notebook.cell_outputs import MAX_IMAGE_BYTES, MAX_IMAGES, content_of
from jupyter_agent_host.host.notebook.html_text import words_of
from jupyter_agent_host.protocol.host_tools import ToolImage, ToolText

FIGURE = "<Figure size 640x480 with 1 Axes>"
STYLED = (
    "<style>#T { color: red }</style><table><caption>Sales</caption><thead><tr><th>&nbsp;</th><th>May</th></tr></thead>"
    "<tbody>\n<tr><th>0</th><td>1 &lt; 2</td></tr></tbody></table><script>alert(1)</script>"
)


def display(**data: Any) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {name.replace("__", "/"): data[name] for name in data},
    }


def picture(magic: bytes, size: int = 20) -> str:
    return base64.b64encode(magic + b"0" * size).decode()


def told(*outputs: dict[str, Any]) -> list[str]:
    return [block.text if isinstance(block, ToolText) else block.media_type for block in content_of(outputs)]


def test_what_is_shown_as_html_alone_is_told_in_its_words() -> None:
    assert told(display(text__plain="<pandas.io.formats.style.Styler at 0x7f>", text__html=STYLED)) == [
        "Sales\n| May\n0 | 1 < 2"
    ]
    assert told(display(text__plain="   a\n0  1", text__html=STYLED)) == ["   a\n0  1"]
    assert told(display(text__html=["<p>one", "<br>two</p>"])) == ["one\ntwo"]


@pytest.mark.parametrize("kind", ["image/svg+xml", "application/pdf", "application/vnd.plotly.v1+json"])
def test_what_cannot_be_seen_is_named(kind: str) -> None:
    shown = {"output_type": "display_data", "metadata": {}, "data": {kind: "…", "text/plain": FIGURE}}
    assert told(shown) == [f"{FIGURE}\n[The person sees {kind}, which you cannot see.]"]
    del shown["data"]["text/plain"]
    assert told(shown) == [f"[The person sees {kind}, which you cannot see.]"]


def test_a_plot_in_a_page_of_scripts_is_no_words() -> None:
    markup = "<div><script>" + "x" * 100_000 + "</script><div id='plot'></div></div>"
    shown = {"application/vnd.plotly.v1+json": {"data": []}, "text/html": markup}
    assert told({"output_type": "display_data", "metadata": {}, "data": shown}) == [
        "[The person sees application/vnd.plotly.v1+json, text/html, which you cannot see.]"
    ]


def test_pictures_are_shown_as_far_as_a_model_takes_them() -> None:
    kinds = {"image__png": b"\x89PNG", "image__jpeg": b"\xff\xd8\xff", "image__gif": b"GIF89a", "image__webp": b"RIFF"}
    shown = content_of([display(**{kind: picture(magic), "text__plain": FIGURE}) for kind, magic in kinds.items()])
    assert all(isinstance(block, ToolImage) for block in shown)
    large = display(image__png=picture(b"\x89PNG", MAX_IMAGE_BYTES), text__plain=FIGURE)
    assert told(large) == [f"{FIGURE}\n[The person sees image/png, which you cannot see.]"]
    many = [display(image__png=picture(b"\x89PNG"), text__plain=FIGURE)] * (MAX_IMAGES + 1)
    assert "more than the 8 pictures" in told(*many)[-1]


@pytest.mark.timeout(60)  # quadratic work would take hours
@pytest.mark.parametrize("unit", ["<", "<script>", "<!--", "<a ", "</", "&lt;", "<td>", "İ<style>"])
def test_hostile_markup_is_read_in_one_pass(unit: str) -> None:
    assert len(words_of(unit * 400_000)) <= len(unit) * 400_000
