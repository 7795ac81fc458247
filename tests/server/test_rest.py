"""People's door: who may pass, what is described, and what is told. Real server."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import jsonschema
import pytest
from server_lab import Lab, LabMaker
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from jupyter_agent_host.protocol.host_api import VERBS
from jupyter_agent_host.server.rest.openapi import openapi_document
from jupyter_agent_host.server.rest.routes import ROUTES

UNKNOWN = "00000000-0000-4000-8000-000000000000"
REQUESTS = [
    ("POST", "open"),
    ("GET", "notebooks"),
    ("GET", "openapi.json"),
    ("GET", f"notebooks/{UNKNOWN}/logs"),
    ("GET", f"notebooks/{UNKNOWN}/envelope"),
    ("GET", f"notebooks/{UNKNOWN}/export"),
    ("POST", f"notebooks/{UNKNOWN}/events"),
    ("GET", f"notebooks/{UNKNOWN}/turns/{'0' * 32}/output"),
    *(("POST", f"notebooks/{UNKNOWN}/{verb}") for verb in VERBS),
]


def socket_url(lab: Lab, notebook_id: str, query: str = "") -> str:
    return f"{lab.server.url.replace('http', 'ws', 1)}agent-host/notebooks/{notebook_id}/events/socket{query}"


def log_in(lab: Lab, browser: httpx.Client) -> None:
    """What a browser does with the address that Jupyter prints: from then on it has cookies."""
    assert browser.get("lab", params={"token": lab.server.token}).status_code == 200
    assert "_xsrf" in browser.cookies


def token(lab: Lab) -> dict[str, str]:
    return {"Authorization": f"token {lab.server.token}"}


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_nobody_passes_without_the_token(lab: Lab, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "token wrong"}):
        answer = httpx.request(method, f"{lab.server.url}agent-host/{path}", headers=headers, trust_env=False)
        assert answer.status_code == 403


def test_a_cookie_alone_cannot_post(lab: Lab) -> None:
    """What a page on another origin could send: the browser adds the cookie, but never the token in a header."""
    with httpx.Client(base_url=lab.server.url, trust_env=False, follow_redirects=True) as browser:
        log_in(lab, browser)
        assert browser.get("agent-host/notebooks").status_code == 200, "the cookie counts for reading"
        refused = browser.post("agent-host/open", json={"path": "a.ipynb"})
        assert refused.status_code == 403
        assert "_xsrf" in refused.text
        browser.headers["X-XSRFToken"] = browser.cookies["_xsrf"]
        assert browser.post("agent-host/open", json={"path": "a.ipynb"}).status_code == 200
        evil = browser.post("agent-host/open", json={"path": "a.ipynb"}, headers={"Origin": "https://evil.example"})
        assert evil.status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{}", 400, "path"),
        (b"not json", 400, "OpenRequest"),
        (b'{"path": "a.ipynb", "image": "evil"}', 400, "image"),
        (b'{"path": "../outside.ipynb"}', 404, "root folder"),
    ],
)
def test_what_open_refuses(lab: Lab, body: bytes, status: int, words: str) -> None:
    answer = lab.http.post("agent-host/open", content=body)
    assert (answer.status_code, set(answer.json())) == (status, {"code", "message", "retryable"})
    assert words in answer.json()["message"]


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_notebook_is_told(lab: Lab, verb: str) -> None:
    needed = {"prompt": {"prompt": "hi"}, "grant": {"target": "a"}, "mode": {"mode": "plan"}}
    needed |= {"resume": {"sessionId": "s"}, "rename": {"title": "t"}, "cancel": {"turnId": "t"}}
    needed["review_diff"] = {"key": "k"}
    needed["answer"] = {"requestId": "r", "decision": "deny"}
    answer = lab.http.post(f"agent-host/notebooks/{UNKNOWN}/{verb}", json=needed.get(verb, {}))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_notebook")


def test_a_notebook_is_opened_listed_and_asked_about(lab: Lab) -> None:
    lab.notebook("asked.ipynb")
    info = lab.open("asked.ipynb")
    assert info["path"] == "asked.ipynb"
    assert info["scriptedModel"] is True
    assert lab.open("asked.ipynb")["notebookId"] == info["notebookId"]
    assert info["notebookId"] in [row["notebookId"] for row in lab.http.get("agent-host/notebooks").json()]
    base = f"agent-host/notebooks/{info['notebookId']}"
    assert lab.http.post(f"{base}/status", json={}).json()["sessionId"] == info["sessionId"]
    assert lab.http.post(f"{base}/history", json={}).json()["turns"] == []
    assert lab.http.post(f"{base}/cost", json={}).json()["costUsd"] == 0
    assert lab.http.get(f"{base}/envelope").json() is None
    assert lab.http.get(f"{base}/logs").text == ""
    assert lab.http.post(f"{base}/nosuchverb", json={}).status_code == 404


def test_garbage_in_the_notebook_is_told_and_harmless(lab: Lab) -> None:
    path = lab.notebook("garbage.ipynb")
    notebook = json.loads(path.read_text())
    notebook["metadata"]["agent_host"] = "garbage"
    path.write_text(json.dumps(notebook))
    info = lab.open("garbage.ipynb")
    assert info["turns"] == 0


def test_the_socket_wants_the_token_and_our_origin(lab: Lab) -> None:
    lab.notebook("socket.ipynb")
    url = socket_url(lab, lab.open("socket.ipynb")["notebookId"])
    with httpx.Client(base_url=lab.server.url, trust_env=False, follow_redirects=True) as browser:
        log_in(lab, browser)
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    for headers in ({}, {"Authorization": "token wrong"}, {**cookie, "Origin": "https://evil.example"}):
        with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers, proxy=None):
            pass
        assert refused.value.response.status_code == 403
    for headers in (token(lab), {**cookie, "Origin": lab.server.url.rstrip("/")}):
        with connect(url, additional_headers=headers, proxy=None) as socket:
            assert socket.ping().wait(10)
    with pytest.raises(InvalidStatus), connect(f"{url}?after=x", additional_headers=token(lab), proxy=None):
        pass


def test_the_socket_tells_of_an_unknown_notebook(lab: Lab) -> None:
    with connect(socket_url(lab, UNKNOWN), additional_headers=token(lab), proxy=None) as socket:
        assert json.loads(socket.recv())["code"] == "unknown_notebook"


def test_every_route_is_described_and_every_description_routed(lab: Lab) -> None:
    document = lab.http.get("agent-host/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    for path in document["paths"]:
        url = "/agent-host" + re.sub(r"\{\w+\}", UNKNOWN, path)
        matching = [pattern for pattern, _ in ROUTES if re.fullmatch(pattern, url)]
        assert matching, path
    described = {re.sub(r"\{\w+\}", UNKNOWN, path) for path in document["paths"]}
    for pattern, handler in ROUTES:
        assert any(re.fullmatch(pattern, f"/agent-host{path}") for path in described), pattern
        methods = {m for m in ("get", "post") if m in handler.__dict__}
        for path, operations in document["paths"].items():
            if re.fullmatch(pattern, "/agent-host" + re.sub(r"\{\w+\}", UNKNOWN, path)):
                assert set(operations) == methods, path


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [found for item in value.values() for found in references(item)]
    return [found for item in value for found in references(item)] if isinstance(value, list) else []


def test_the_description_holds_together() -> None:
    document = openapi_document("/")
    schemas = document["components"]["schemas"]
    assert {name.rsplit("/", 1)[1] for name in references(document)} <= set(schemas)
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_answers_are_as_described(lab: Lab) -> None:
    lab.notebook("described.ipynb")
    document = openapi_document("/")
    schema = {"$ref": "#/components/schemas/NotebookInfo", "components": document["components"]}
    jsonschema.validate(lab.open("described.ipynb"), schema)


def test_a_wrong_setting_is_told_at_every_door_and_the_server_lives(make_lab: LabMaker) -> None:
    with make_lab({"AgentHost": {"mem_limit": "lots"}}) as broken:
        answer = broken.http.post("agent-host/open", json={"path": "a.ipynb"})
        assert (answer.status_code, answer.json()["code"]) == (500, "config")
        assert "mem_limit" in answer.json()["message"]
        assert broken.http.get("api/status").status_code == 200


def test_no_kernel_and_no_terminal_gets_the_key(make_lab: LabMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret-of-the-server")
    with make_lab() as lab:
        lab.notebook("a.ipynb")
        kernel = lab.session("a.ipynb")
        printed = kernel.run("import os; print(dict(os.environ))")
        assert "JPY_PARENT_PID" in printed
        assert "sk-ant-secret" not in printed
        assert "ANTHROPIC_API_KEY" not in printed
        assert lab.open("a.ipynb")["scriptedModel"] is False


def test_a_conversation_is_exported_inert_and_whole(lab: Lab) -> None:
    lab.notebook("exported.ipynb")
    base = f"agent-host/notebooks/{lab.open('exported.ipynb')['notebookId']}"
    prompt = "Say **this** and ![pixel](http://198.51.100.1/p.png)"
    said = lab.ask("exported.ipynb", prompt)
    assert lab.http.post(f"{base}/rename", json={"title": "Über <b>uns</b>"}).status_code == 200
    markdown = lab.http.get(f"{base}/export")
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert markdown.headers["content-disposition"].startswith('attachment; filename="exported-agent.md"')
    assert markdown.text.startswith("# Über &lt;b>uns")
    assert "> Say **this**" in markdown.text
    assert "![" not in markdown.text
    assert said.split()[0] in markdown.text
    lines = [json.loads(line) for line in lab.http.get(f"{base}/export?format=jsonl").text.splitlines()]
    assert lines[0]["turn"]["prompt"] == prompt
    kinds = [line["event"]["kind"] for line in lines[1:]]
    assert (kinds[0], kinds[-1]) == ("turn_started", "turn_ended")
    assert "text_delta" not in kinds
    assert lab.http.get(f"{base}/export?format=pdf").status_code == 400
    assert lab.http.get(f"{base}/export?session=none").status_code == 404
