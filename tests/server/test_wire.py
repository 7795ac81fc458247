"""What the panel believes of the wire is what the server describes: every field, with its type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typescript_types import Alternatives, Field, canonical, read_module

from jupyter_agent_host.server.rest.openapi import openapi_document

WIRE = Path(__file__).parents[2] / "labextension" / "src" / "server" / "wire.ts"
MODULE = read_module(WIRE.read_text())
SCHEMAS: dict[str, Any] = openapi_document("/")["components"]["schemas"]
EVENTS = {ref["$ref"].rpartition("/")[2] for ref in SCHEMAS["EventRecord"]["properties"]["event"]["anyOf"]}

TOGETHER = {"TextDelta": ("TextDelta", "ThinkingDelta")}
"""Structs that are one interface in the panel, since they differ in nothing but their kind."""

NOT_SERVED = {"UnknownEvent", "ToolImage"}
"""Interfaces of the panel's own: what it makes of an event that it does not know, and of JSON that a tool sent."""


def of_schema(schema: dict[str, Any]) -> Alternatives:
    """A JSON schema's alternatives."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in MODULE.interfaces:
            return frozenset({f"ref:{name}"})
        return of_schema(SCHEMAS[name]) if "properties" not in SCHEMAS[name] else _inline(SCHEMAS[name])
    if "anyOf" in schema:
        return frozenset().union(*(of_schema(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return frozenset({"null" if each is None else f'"{each}"' for each in schema["enum"]})
    if schema.get("type") == "array":
        return frozenset({f"array<{canonical(of_schema(schema.get('items', {})))}>"})
    plain = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}
    return frozenset({plain.get(schema.get("type", ""), "json")})


def _inline(schema: dict[str, Any]) -> Alternatives:
    fields = sorted((name, canonical(of_schema(each))) for name, each in schema["properties"].items())
    return frozenset({f"object<{','.join(f'{name}:{kind}' for name, kind in fields)}>"})


def fields_of(name: str) -> dict[str, Field]:
    """What the server describes. Answers hold every field; an event of an older journal may lack what came later."""
    structs = [SCHEMAS[each] for each in TOGETHER.get(name, (name,))]
    merged: dict[str, Alternatives] = {}
    for struct in structs:
        for key, schema in struct["properties"].items():
            merged[key] = merged.get(key, frozenset()) | of_schema(schema)
    is_stored = name in EVENTS or name == "FileChange"
    required = structs[0].get("required", [])
    return {key: Field(kind, is_stored and key not in required) for key, kind in merged.items()}


def fits(told: Alternatives, believed: Alternatives) -> bool:
    """Whether they are the same; of opaque JSON the panel may believe more, since it checks before it uses it."""
    told_text, believed_text = canonical(told), canonical(believed)
    return told_text in (believed_text, "json") or ("json" in told_text and believed_text.startswith("array<"))


@pytest.mark.parametrize("name", sorted(set(MODULE.interfaces) - NOT_SERVED))
def test_an_interface_has_the_fields_that_the_server_describes(name: str) -> None:
    believed, described = MODULE.interfaces[name], fields_of(name)
    assert set(believed) == set(described)
    if name == "EventRecord":  # see test_every_event_is_known_to_the_panel
        del described["event"]
    for key, field in described.items():
        told = "|".join(sorted(field.type))
        assert fits(field.type, believed[key].type), f"{name}.{key} is {told}, not {canonical(believed[key].type)}"
        # What is opaque may be left out by TypeScript's own rules.
        if canonical(field.type) != "json":
            assert believed[key].optional == field.optional, f"{name}.{key}: is it always there?"


def test_every_event_is_known_to_the_panel() -> None:
    known = {each.removeprefix("ref:") for each in MODULE.aliases["KnownEvent"]}
    together = {part for name in known for part in TOGETHER.get(name, (name,))}
    assert together == EVENTS


def test_a_wrong_belief_would_be_seen() -> None:
    wrong = read_module("export interface Done { ok: string; message: string; }").interfaces["Done"]
    assert set(wrong) != set(fields_of("Done"))
    assert not fits(fields_of("Done")["ok"].type, wrong["ok"].type)
    modes = read_module("export type Mode = 'free' | 'plan';").aliases["Mode"]
    assert not fits(fields_of("NotebookInfo")["permissionMode"].type, modes)
