"""Attachments on their way to the model, and turns on their way to a page."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from house import House, OpenHouse

from jupyter_agent_host.errors import AttachmentError, ProtocolError
from jupyter_agent_host.host.turns import prompt_attachments
from jupyter_agent_host.protocol.attachments import (
    MAX_ATTACHMENTS,
    MAX_IMAGE_BYTES,
    MAX_TEXT_BYTES,
    Attachment,
    AttachmentInfo,
    ImageAttachment,
    TextAttachment,
)
from jupyter_agent_host.protocol.events import TurnStarted, read_record
from jupyter_agent_host.protocol.host_api import TurnsPage, TurnsRequest
from jupyter_agent_host.rendering.turn_view import fold

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
LARGE = base64.b64encode(bytes(MAX_IMAGE_BYTES + 1)).decode()
TEXT = TextAttachment(name="cell 3", text="print('hello')")
IMAGE = ImageAttachment(name="plot", media_type="image/png", data=PIXEL)


async def _page(house: House, **request: Any) -> TurnsPage:
    page = await house.manager.call(house.ref(), "turns", TurnsRequest(**request))
    assert isinstance(page, TurnsPage)
    return page


@pytest.mark.anyio
async def test_attachments_reach_the_model_and_the_journal_keeps_their_names(open_house: OpenHouse) -> None:
    async with open_house() as house:
        talk = await house.ask("What is this?", attachments=(TEXT, IMAGE))
        assert talk.ended.status == "completed"
        sent = house.last_messages()
        assert "print('hello')" in sent
        assert PIXEL in sent
        assert sent.index("Attached by the person: cell 3") < sent.index("What is this?")
        (started,) = talk.of(TurnStarted)
        assert started.attachments == (
            AttachmentInfo(name="cell 3", kind="text", size_bytes=14),
            AttachmentInfo(name="plot", kind="image", size_bytes=len(base64.b64decode(PIXEL))),
        )
        await house.ask("second")
        await house.ask("third")

        whole = await _page(house)
        assert whole.earlier == 0
        assert fold([read_record(bytes(whole.records[0]))]).prompt == "What is this?"
        last = await _page(house, limit=1)
        turns = {read_record(bytes(line)).turn_id for line in last.records}
        assert (len(turns), last.earlier) == (1, 2)
        before = await _page(house, limit=2, before=last.before)
        assert before.earlier == 0
        assert turns.isdisjoint(read_record(bytes(line)).turn_id for line in before.records)

        alone = await _page(house, turn_id=talk.accepted.turn_id)
        assert fold(read_record(bytes(line)) for line in alone.records) == fold(talk.records)
        assert len(alone.records) < len(talk.records), "deltas are merged"
        for wrong in ({"limit": 0}, {"limit": 1000}, {"before": -1}):
            with pytest.raises(ProtocolError):
                await _page(house, **wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([TEXT] * (MAX_ATTACHMENTS + 1), "too many"),
        ([TextAttachment(name="long", text="x" * (MAX_TEXT_BYTES + 1))], "beside the notebook"),
        ([TextAttachment(name="", text="x")], "name"),
        ([TextAttachment(name="a\nb", text="x")], "name"),
        ([ImageAttachment(name="i", media_type="image/png", data="!")], "base64"),
        ([ImageAttachment(name="i", media_type="image/jpeg", data=PIXEL)], "no image/jpeg"),
        (
            [ImageAttachment(name="i", media_type="image/png", data=LARGE)],
            "at most",
        ),
        ([ImageAttachment(name="i", media_type="image/png", data="A" * 4_000_000)] * 4, "together"),
    ],
)
def test_what_may_not_be_attached_is_refused_with_a_sentence(wrong: list[Attachment], words: str) -> None:
    with pytest.raises(AttachmentError, match=words):
        prompt_attachments.check(wrong)
