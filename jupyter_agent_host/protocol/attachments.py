"""What a person sends along with a prompt: pieces of text and images, bounded in number and size."""

from __future__ import annotations

from typing import Literal, Union

import msgspec

from jupyter_agent_host.protocol.limits import KIB, MIB

MAX_ATTACHMENTS = 20
"""Of one prompt."""

MAX_TEXT_BYTES = 256 * KIB
"""One text, as UTF-8. What is longer belongs into a file beside the notebook."""

MAX_IMAGE_BYTES = 3_750_000
"""One image, decoded: the model's API takes 5 MB of base64."""

MAX_TOTAL_BYTES = 12 * MIB
"""All attachments of one prompt, as they travel."""

MAX_NAME_CHARACTERS = 200


class TextAttachment(
    msgspec.Struct, frozen=True, kw_only=True, tag="text", tag_field="kind", rename="camel", forbid_unknown_fields=True
):
    """`name` says what it is, for the agent and for people: "cell 3", "output of cell 3", "data/sales.csv"."""

    name: str
    text: str


class ImageAttachment(
    msgspec.Struct, frozen=True, kw_only=True, tag="image", tag_field="kind", rename="camel", forbid_unknown_fields=True
):
    """`data` is base64 of an image of that type."""

    name: str
    media_type: Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
    data: str


Attachment = Union[TextAttachment, ImageAttachment]


class AttachmentInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the journal keeps of an attachment; its content is in the transcript alone."""

    name: str
    kind: Literal["text", "image"]
    size_bytes: int = 0
