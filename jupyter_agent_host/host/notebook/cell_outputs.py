"""Outputs of code: gathered from a kernel's messages within bounds, and told to the model."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_agent_host.host.notebook.html_text import words_of
from jupyter_agent_host.protocol.host_tools import ToolContent, ToolImage, ToolText
from jupyter_agent_host.protocol.limits import KIB, MIB

MAX_STREAM_CHARS = 200 * KIB
MAX_OUTPUTS = 200
MAX_KEPT_BYTES = 16 * MIB
MAX_TEXT_CHARS = 30 * KIB
MAX_IMAGES = 8
MAX_IMAGE_BYTES = 3 * MIB
"""The Messages API takes images of up to 5 MB; base64 adds a third."""

_IMAGES = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8", "image/webp": b"RIFF"}
_TEXTS = ("text/markdown", "text/plain", "text/latex", "application/json")
_BARE_NAME = re.compile(r"<[^<>\n]{1,300}>|Figure\([^()\n]{0,100}\)")
"""Such as `<Figure size 640x480 with 1 Axes>`: the name of an object, and no word of what it shows."""
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[PX^_\]].*?(?:\x07|\x1b\\|\Z)|\x1b[ -/]*[0-~]", re.DOTALL)


class Gathered:
    """Outputs of one run, as nbformat has them, in the order in which they came; bounded in number and size."""

    def __init__(self) -> None:
        self.outputs: list[dict[str, Any]] = []
        self.left_out = 0
        self.changes = 0
        self._kept_bytes = 0
        self._clear_first = False
        self._displays: dict[str, list[dict[str, Any]]] = {}

    @property
    def size_bytes(self) -> int:
        """About how much is kept."""
        return _size(self.outputs)

    @property
    def shown(self) -> list[dict[str, Any]]:
        """What a cell is to show: the outputs, and that some were left out."""
        if not self.left_out:
            return list(self.outputs)
        note = f"[{self.left_out} more outputs were left out.]\n"
        return [*self.outputs, {"output_type": "stream", "name": "stderr", "text": note}]

    def is_changed_by(self, message: Mapping[str, Any]) -> bool:
        """Whether other code says with it that a display of these is to show something else."""
        is_update = message["msg_type"] == "update_display_data"
        return is_update and str(message["content"].get("transient", {}).get("display_id")) in self._displays

    def take(self, message: Mapping[str, Any]) -> None:
        """Take one message of the kernel; those that are no output are passed over."""
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            if content.get("wait"):
                self._clear_first = True
            else:
                self._clear()
        elif kind == "update_display_data":
            self._update(content)
        elif kind in ("stream", "display_data", "execute_result", "error"):
            if self._clear_first:
                self._clear()
            self._add(kind, content)

    def _clear(self) -> None:
        self.outputs, self._displays, self._kept_bytes, self._clear_first = [], {}, 0, False
        self.changes += 1

    def _add(self, kind: str, content: Mapping[str, Any]) -> None:
        self.changes += 1
        if kind == "stream":
            self._stream(str(content.get("name", "stdout")), str(content.get("text", "")))
            return
        if kind == "error":
            output: dict[str, Any] = {"output_type": "error", **_error(content)}
        else:
            output = {"output_type": kind, "data": dict(content["data"]), "metadata": dict(content.get("metadata", {}))}
            if kind == "execute_result":
                output["execution_count"] = content.get("execution_count")
        size = _size(output)
        if len(self.outputs) >= MAX_OUTPUTS or self._kept_bytes + size > MAX_KEPT_BYTES:
            self.left_out += 1
            return
        self._kept_bytes += size
        self.outputs.append(output)
        display_id = content.get("transient", {}).get("display_id") if kind == "display_data" else None
        if display_id:
            self._displays.setdefault(str(display_id), []).append(output)

    def _stream(self, name: str, text: str) -> None:
        last = self.outputs[-1] if self.outputs else None
        if last is None or last["output_type"] != "stream" or last["name"] != name:
            if len(self.outputs) >= MAX_OUTPUTS:
                self.left_out += 1
                return
            last = {"output_type": "stream", "name": name, "text": ""}
            self.outputs.append(last)
        whole = last["text"] + text
        if len(whole) > MAX_STREAM_CHARS:
            half = MAX_STREAM_CHARS // 2
            whole = f"{whole[:half]}\n[… left out …]\n{whole[-half + 20 :]}"
        last["text"] = whole

    def _update(self, content: Mapping[str, Any]) -> None:
        for output in self._displays.get(str(content.get("transient", {}).get("display_id")), ()):
            size = _size(content["data"]) - _size(output["data"])
            if self._kept_bytes + size > MAX_KEPT_BYTES:
                self.left_out += 1
                continue
            self._kept_bytes += size
            output["data"], output["metadata"] = dict(content["data"]), dict(content.get("metadata", {}))
            self.changes += 1


def _error(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ename": str(content.get("ename", ""))[:200],
        "evalue": str(content.get("evalue", ""))[:MAX_TEXT_CHARS],
        "traceback": [str(line)[:MAX_TEXT_CHARS] for line in content.get("traceback", ())][:100],
    }


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(str(key)) + _size(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return sum(_size(item) for item in value)
    return 8


def content_of(outputs: Sequence[Mapping[str, Any]], *, left_out: int = 0) -> tuple[ToolContent, ...]:
    """Nbformat outputs as the model gets them: text without terminal codes, tables as text, images as images."""
    blocks: list[ToolContent] = []
    images = 0
    room = MAX_TEXT_CHARS
    for output in outputs:
        image = _image(output)
        if image is not None and images < MAX_IMAGES:
            images += 1
            blocks.append(image)
            continue
        text = shortened(_text(output, is_one_too_many=image is not None), room)
        room = max(200, room - len(text))
        if text:
            blocks.append(ToolText(text))
    if left_out:
        blocks.append(ToolText(f"[{left_out} more outputs were left out.]"))
    return tuple(blocks)


def shortened(text: str, limit: int) -> str:
    """Begin and end of a long text."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


def without_escapes(text: str) -> str:
    """Text as it reads: no terminal codes, and of a line rewritten by CR its last state."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")) if "\r" in text else text


def _text(output: Mapping[str, Any], *, is_one_too_many: bool = False) -> str:
    kind = output.get("output_type")
    if kind == "stream":
        return without_escapes(_joined(output.get("text", "")))
    if kind == "error":
        lines = without_escapes("\n".join(_joined(line) for line in output.get("traceback", ())))
        return lines or f"{output.get('ename', '')}: {output.get('evalue', '')}"
    data = output.get("data")
    if not isinstance(data, Mapping):
        return ""
    name = next((name for name in _TEXTS if name in data), "")
    text = (
        without_escapes(_joined(data[name]) if isinstance(data[name], (str, list)) else str(data[name])) if name else ""
    )
    if text and not _BARE_NAME.fullmatch(text.strip()):
        return text
    if "text/html" in data and (words := words_of(_joined(data["text/html"]))):
        return words
    unseen = ", ".join(str(kind) for kind in data if kind not in _TEXTS)[:200]
    why = f"more than the {MAX_IMAGES} pictures of one answer" if is_one_too_many else "which you cannot see"
    return "\n".join(piece for piece in (text, f"[The person sees {unseen}, {why}.]" if unseen else "") if piece)


def _image(output: Mapping[str, Any]) -> ToolImage | None:
    """A picture of a kind and size that a model takes, if the output is one."""
    data = output.get("data")
    if not isinstance(data, Mapping):
        return None
    for media_type, magic in _IMAGES.items():
        if media_type not in data:
            continue
        text = _joined(data[media_type]).replace("\n", "")
        if len(text) * 3 // 4 > MAX_IMAGE_BYTES:
            return None
        try:
            raw = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return None
        return ToolImage(media_type, text) if raw.startswith(magic) else None
    return None


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
