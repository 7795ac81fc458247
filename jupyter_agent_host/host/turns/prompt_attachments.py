"""A prompt's attachments: checked, described for the journal, and turned into the model's content blocks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from jupyter_agent_host.errors import AttachmentError
from jupyter_agent_host.protocol.attachments import (
    MAX_ATTACHMENTS,
    MAX_IMAGE_BYTES,
    MAX_NAME_CHARACTERS,
    MAX_TEXT_BYTES,
    MAX_TOTAL_BYTES,
    Attachment,
    AttachmentInfo,
    ImageAttachment,
    TextAttachment,
)

_BEGINNINGS = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}


def check(attachments: Sequence[Attachment]) -> tuple[AttachmentInfo, ...]:
    """What the journal keeps of them, if they may be sent.

    Raises:
        AttachmentError: too many, too large, or no image of the type that it says.
    """
    if len(attachments) > MAX_ATTACHMENTS:
        raise AttachmentError(f"{len(attachments)} attachments are too many; at most {MAX_ATTACHMENTS} work.")
    total = sum(len(each.text if isinstance(each, TextAttachment) else each.data) for each in attachments)
    if total > MAX_TOTAL_BYTES:
        raise AttachmentError(f"The attachments are {total} bytes together; at most {MAX_TOTAL_BYTES} work.")
    return tuple(_info(each) for each in attachments)


def blocks(attachments: Sequence[Attachment]) -> list[dict[str, Any]]:
    """Messages-API content blocks, each behind a line that says what it is."""
    return [block for each in attachments for block in _blocks(each)]


def _info(attachment: Attachment) -> AttachmentInfo:
    name = attachment.name.strip()
    if not name or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise AttachmentError(f"An attachment needs a printable name of at most {MAX_NAME_CHARACTERS} characters.")
    if isinstance(attachment, TextAttachment):
        size_bytes = len(attachment.text.encode("utf-8", "surrogatepass"))
        if size_bytes > MAX_TEXT_BYTES:
            raise AttachmentError(
                f"{name} is {size_bytes} bytes long; at most {MAX_TEXT_BYTES} can be attached. Put it into a file"
                " beside the notebook and let the agent read it."
            )
        return AttachmentInfo(name=name, kind="text", size_bytes=size_bytes)
    return AttachmentInfo(name=name, kind="image", size_bytes=_image_bytes(name, attachment))


def _image_bytes(name: str, image: ImageAttachment) -> int:
    try:
        data = base64.b64decode(image.data, validate=True)
    except (binascii.Error, ValueError) as err:
        raise AttachmentError(f"{name} is not base64: {err}.") from err
    if len(data) > MAX_IMAGE_BYTES:
        raise AttachmentError(f"{name} is an image of {len(data)} bytes; at most {MAX_IMAGE_BYTES} can be attached.")
    if not data.startswith(_BEGINNINGS[image.media_type]):
        raise AttachmentError(f"{name} is no {image.media_type}.")
    return len(data)


def _blocks(attachment: Attachment) -> list[dict[str, Any]]:
    name = attachment.name.strip()
    if isinstance(attachment, TextAttachment):
        return [{"type": "text", "text": f"[Attached by the person: {name}]\n{attachment.text}"}]
    source = {"type": "base64", "media_type": attachment.media_type, "data": attachment.data}
    return [
        {"type": "text", "text": f"[Attached by the person, an image: {name}]"},
        {"type": "image", "source": source},
    ]
