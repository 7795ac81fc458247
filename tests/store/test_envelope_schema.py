"""The published schema of a saved session accepts what the code decodes, whatever release of msgspec is installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import msgspec
import pytest
from store_samples import KEY, META, turns

from jupyter_agent_host.store.envelope.envelope import build_envelope
from jupyter_agent_host.store.envelope.envelope_model import EnvelopeModel

PUBLISHED: dict[str, Any] = json.loads(
    (files("jupyter_agent_host.store") / "envelope.schema.json").read_text(encoding="utf-8")
)
UUID, DIGEST = "6d9f6f0e-6f0e-4a57-9a3c-0d2f0f2d7a01", "A" * 22
NUMBERS = (-1, 0, 1, 2, 1.5, 2**53, 2**53 + 1)
LENGTHS = ("", "x" * 64, "x" * 65, "x" * 200, "x" * 201)
TEXTS = (*LENGTHS, " ", "../../etc", DIGEST, DIGEST[1:], f"{DIGEST}A", "é" * 22)
NAMES = (UUID, UUID.upper(), UUID.replace("-", ""), UUID[:-1], f"{UUID} ", "full", "off", "pointer", "no_tool_output")
OTHERS: tuple[Any, ...] = (None, True, {}, [], [{}], [None], ["", "AAAA"], [1])
VALUES = (*NUMBERS, *TEXTS, *NAMES, *OTHERS)
"""What is put into each place: both sides of each bound, and each JSON type."""


def sample() -> dict[str, Any]:
    """A valid document in which every struct of the envelope occurs, with short chunks."""
    made = build_envelope(META, turns(2), previous=None, save_state="full", max_bytes=2**21, keys=[KEY])
    document: dict[str, Any] = json.loads(json.dumps(made))
    for chunk in document["chunks"]:
        chunk["data"] = ["AAAA"]
    document["base"] = {"turns": 3, "chain": DIGEST}
    return document


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value in a document; of a list only the first item."""
    entries = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, part in entries:
        yield (*here, key)
        yield from places(part, (*here, key))


def variants() -> Iterator[dict[str, Any]]:
    """The sample, and copies of it with one value replaced or removed."""
    text = json.dumps(sample())
    yield json.loads(text)
    for path in places(sample()):
        for value in (*VALUES, ...):
            document = json.loads(text)
            holder = document
            for key in path[:-1]:
                holder = holder[key]
            if value is ...:
                del holder[path[-1]]
            else:
                holder[path[-1]] = value
            yield document
    yield {**json.loads(text), "a later version's name": 1}


def decodes(document: Any) -> bool:
    try:
        msgspec.convert(document, EnvelopeModel)
    except msgspec.ValidationError:
        return False
    return True


def test_the_published_schema_accepts_what_the_code_decodes_and_nothing_else() -> None:
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    accepts = jsonschema.Draft202012Validator(PUBLISHED).is_valid
    judged = [(document, decodes(document)) for document in variants()]
    count = sum(decoded for _, decoded in judged)
    assert min(count, len(judged) - count) > 100, "both answers must be well covered"
    assert [document for document, decoded in judged if accepts(document) != decoded] == []


@pytest.mark.parametrize("value", [*VALUES, [[]]])
def test_what_is_no_envelope_is_refused_by_both(value: Any) -> None:
    assert not decodes(value)
    assert not jsonschema.Draft202012Validator(PUBLISHED).is_valid(value)
