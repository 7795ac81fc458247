"""The OpenAPI document, made from the very structs and routes that are served."""

from __future__ import annotations

from typing import Any

import msgspec

from jupyter_agent_host.protocol.events import AnyEvent
from jupyter_agent_host.protocol.host_api import VERBS, EventsRequest, Failure, NotebookInfo, OpenRequest
from jupyter_agent_host.protocol.kernel_auth import NONCE_HEADER, SIGNATURE_HEADER, TIME_HEADER
from jupyter_agent_host.protocol.kernel_work import KERNEL_VERBS
from jupyter_agent_host.version import __version__

_REF = "#/components/schemas/{name}"
_JSON = "application/json"
_RECORD = "EventRecord"


def openapi_document(base_url: str) -> dict[str, Any]:
    """OpenAPI 3.1 for everything below `{base_url}agent-host/`."""
    kinds = {EventsRequest, Failure, NotebookInfo, OpenRequest}
    for request, answer in (VERBS | KERNEL_VERBS).values():
        kinds |= {request, answer}
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    (event, *_), components = msgspec.json.schema_components([AnyEvent, *ordered], ref_template=_REF)
    components[_RECORD] = _record_schema(event)
    return {
        "openapi": "3.1.0",
        "info": {"title": "jupyter-agent-host", "version": __version__},
        "servers": [{"url": f"{base_url}agent-host"}],
        "paths": _paths(),
        "components": {"schemas": components, "securitySchemes": _SECURITY},
        "security": [{"token": []}],
    }


_SECURITY = {
    "token": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`token <Jupyter's token>`"},
    "kernel": {
        "type": "apiKey",
        "in": "header",
        "name": SIGNATURE_HEADER,
        "description": f"HMAC with the kernel's connection key, beside {TIME_HEADER} and {NONCE_HEADER}.",
    },
}


def _record_schema(event: dict[str, Any]) -> dict[str, Any]:
    """One line of an event stream. Readers keep events of a kind that they do not know."""
    text, number = {"type": "string"}, {"type": "number"}
    properties = {
        "number": {"type": "integer"},
        "notebookId": text,
        "sessionId": text,
        "turnId": text,
        "time": {**number, "description": "seconds since the epoch, UTC"},
        "event": event,
    }
    return {"title": _RECORD, "type": "object", "properties": properties, "required": list(properties)}


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {
        "/open": {"post": _operation("open", "The notebook at `path`", OpenRequest, NotebookInfo)},
        "/notebooks": {"get": _get("listNotebooks", "Every known notebook", _list_of(NotebookInfo))},
        "/notebooks/{notebook_id}/logs": {"get": _get("logs", "The sandbox's log", {"text/plain": {}}, "notebook_id")},
        "/notebooks/{notebook_id}/export": {"get": _export()},
        "/notebooks/{notebook_id}/envelope": {
            "get": _get("envelope", "What belongs into the notebook's metadata", {_JSON: {}}, "notebook_id")
        },
        "/notebooks/{notebook_id}/events": {"post": _events("events", "notebook_id")},
        "/notebooks/{notebook_id}/events/socket": {
            "get": _get("eventSocket", "WebSocket: one event record a message", {_JSON: {}}, "notebook_id")
        },
        "/notebooks/{notebook_id}/turns/{turn_id}/output": {
            "get": _get("turnOutput", "A finished turn as its cell's output", {_JSON: {}}, "notebook_id", "turn_id")
        },
        "/pages/socket": {"get": _get("pageSocket", "WebSocket: what a page has open, and edits of it", {_JSON: {}})},
        "/kernels/{kernel_id}/events": {"post": _signed(_events("kernelEvents", "kernel_id"))},
        "/openapi.json": {"get": _get("openapi", "This document", {_JSON: {}})},
    }
    for verb, (request, answer) in VERBS.items():
        summary = (request.__doc__ or verb).strip().split("\n")[0]
        paths[f"/notebooks/{{notebook_id}}/{verb}"] = {
            "post": _operation(f"notebook_{verb}", summary, request, answer, "notebook_id")
        }
    for verb, (request, answer) in (VERBS | KERNEL_VERBS).items():
        summary = (request.__doc__ or verb).strip().split("\n")[0]
        paths[f"/kernels/{{kernel_id}}/{verb}"] = {
            "post": _signed(_operation(f"kernel_{verb}", summary, request, answer, "kernel_id"))
        }
    return paths


def _operation(name: str, summary: str, request: type, answer: type, *parameters: str) -> dict[str, Any]:
    return {
        **_get(name, summary, {_JSON: {"schema": _reference(answer)}}, *parameters),
        "requestBody": {"content": {_JSON: {"schema": _reference(request)}}},
    }


def _events(name: str, parameter: str) -> dict[str, Any]:
    content = {"application/x-ndjson": {"schema": {"$ref": _REF.format(name=_RECORD)}}}
    return {
        **_get(name, "Events as JSON lines; blank lines in between", content, parameter),
        "requestBody": {"content": {_JSON: {"schema": _reference(EventsRequest)}}},
    }


def _export() -> dict[str, Any]:
    """A download; both questions are optional."""
    operation = _get(
        "export", "A conversation as a file", {"text/markdown": {}, "application/x-ndjson": {}}, "notebook_id"
    )
    text = {"type": "string"}
    asked = {"format": {"enum": ["markdown", "jsonl"], "default": "markdown"}, "session": text}
    queries = [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in asked.items()]
    return {**operation, "parameters": [*operation["parameters"], *queries]}


def _get(name: str, summary: str, content: dict[str, Any], *parameters: str) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [
            {"name": parameter, "in": "path", "required": True, "schema": {"type": "string"}}
            for parameter in parameters
        ],
        "responses": {
            "200": {"description": "Done", "content": content},
            "default": {"description": "Refused or failed", "content": {_JSON: {"schema": _reference(Failure)}}},
        },
    }


def _signed(operation: dict[str, Any]) -> dict[str, Any]:
    return {**operation, "security": [{"kernel": []}]}


def _list_of(kind: type) -> dict[str, Any]:
    return {_JSON: {"schema": {"type": "array", "items": _reference(kind)}}}


def _reference(kind: type) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}
