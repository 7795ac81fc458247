"""Kernels prove who they are, and drive their own notebook's agent alone. Real server, real kernels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from server_lab import Kernel, Lab, LabMaker, signed

from jupyter_agent_host.protocol.host_api import TurnStreamEnd
from jupyter_agent_host.protocol.kernel_auth import NONCE_HEADER, SIGNATURE_HEADER, verify_answer, verify_stream_end


@pytest.fixture(scope="module")
def kernel(lab: Lab) -> Kernel:
    lab.notebook("mine.ipynb")
    return lab.session("mine.ipynb")


@pytest.fixture(scope="module")
def other(lab: Lab) -> Kernel:
    lab.notebook("other.ipynb")
    return lab.session("other.ipynb")


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """No token, no cookie: what a kernel has."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


def assert_signed(kernel: Kernel, request: httpx.Request, answer: httpx.Response) -> None:
    nonce = request.headers[NONCE_HEADER]
    verify_answer(kernel.key, answer.headers, nonce=nonce, status=answer.status_code, body=answer.content)


def test_a_kernel_reaches_its_own_notebook_with_its_key_alone(lab: Lab, kernel: Kernel, http: httpx.Client) -> None:
    request = signed(lab, kernel, "open")
    answer = http.send(request)
    assert answer.status_code == 200
    assert answer.json()["path"] == "mine.ipynb"
    assert_signed(kernel, request, answer)


def test_a_kernel_signs_with_the_key_that_it_finds_itself(lab: Lab, kernel: Kernel) -> None:
    printed = kernel.run("print(get_ipython().kernel.session.key.decode(), end='')")
    assert printed == kernel.key.decode()


def test_a_wrong_key_is_refused(lab: Lab, kernel: Kernel, http: httpx.Client) -> None:
    answer = http.send(signed(lab, kernel, "open", key=b"wrong"))
    assert answer.status_code == 403
    assert answer.json()["code"] == "authentication"
    assert SIGNATURE_HEADER not in answer.headers


def test_the_servers_token_does_not_open_this_door(lab: Lab, kernel: Kernel) -> None:
    assert lab.http.post(f"agent-host/kernels/{kernel.id}/open", json={}).status_code == 403


def test_another_kernels_id_is_refused(lab: Lab, kernel: Kernel, other: Kernel, http: httpx.Client) -> None:
    assert http.send(signed(lab, kernel, "open", kernel_id=other.id)).status_code == 403


def test_an_unknown_kernel_hears_the_same_as_one_with_a_wrong_key(lab: Lab, kernel: Kernel, http: httpx.Client) -> None:
    unknown = http.send(signed(lab, kernel, "open", kernel_id="00000000-0000-4000-8000-000000000000"))
    wrong = http.send(signed(lab, kernel, "open", key=b"wrong"))
    assert (unknown.status_code, unknown.json()) == (wrong.status_code, wrong.json())


def test_a_request_counts_once(lab: Lab, kernel: Kernel, http: httpx.Client) -> None:
    request = signed(lab, kernel, "open")
    assert http.send(request).status_code == 200
    assert http.send(request).status_code == 403


def test_an_old_request_is_refused(lab: Lab, kernel: Kernel, http: httpx.Client) -> None:
    assert http.send(signed(lab, kernel, "open", now=1_700_000_000)).status_code == 403


def test_a_changed_body_or_verb_is_refused(lab: Lab, kernel: Kernel, http: httpx.Client) -> None:
    request = signed(lab, kernel, "open")
    changed = httpx.Request("POST", request.url, headers=request.headers, content=b'{"path": "other.ipynb"}')
    changed.headers["content-length"] = str(len(changed.content))
    assert http.send(changed).status_code == 403
    request = signed(lab, kernel, "open")
    url = str(request.url).replace("/open", "/stop")
    assert http.send(httpx.Request("POST", url, headers=request.headers, content=b"{}")).status_code == 403


def test_a_kernel_cannot_name_another_notebook(lab: Lab, kernel: Kernel, other: Kernel, http: httpx.Client) -> None:
    request = signed(lab, kernel, "open", b'{"path": "other.ipynb"}')
    answer = http.send(request)
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_notebook"
    assert_signed(kernel, request, answer)


def test_bad_bodies_are_told(lab: Lab, kernel: Kernel, http: httpx.Client) -> None:
    request = signed(lab, kernel, "prompt", b'{"prompt": "hi", "provider": "process"}')
    answer = http.send(request)
    assert answer.status_code == 400
    assert "provider" in answer.json()["message"]
    assert_signed(kernel, request, answer)


def test_a_console_has_no_agent(lab: Lab, http: httpx.Client) -> None:
    console = lab.session("console-1", kind="console")
    answer = http.send(signed(lab, console, "open"))
    assert answer.status_code == 404
    assert "no notebook" in answer.json()["message"]


def test_a_kernel_of_two_notebooks_must_say_which(lab: Lab, http: httpx.Client) -> None:
    lab.notebook("one.ipynb")
    lab.notebook("two.ipynb")
    shared = lab.session("one.ipynb")
    lab.session("two.ipynb", kernel_id=shared.id)
    answer = http.send(signed(lab, shared, "open"))
    assert answer.status_code == 409
    assert answer.json()["code"] == "ambiguous_notebook"
    assert "'one.ipynb', 'two.ipynb'" in answer.json()["message"]
    assert http.send(signed(lab, shared, "open", b'{"path": "two.ipynb"}')).json()["path"] == "two.ipynb"


def test_a_rename_is_followed(lab: Lab, http: httpx.Client) -> None:
    lab.notebook("before.ipynb")
    kernel = lab.session("before.ipynb")
    before = http.send(signed(lab, kernel, "open")).json()
    session = next(s for s in lab.http.get("api/sessions").json() if s["kernel"]["id"] == kernel.id)
    assert lab.http.patch("api/contents/before.ipynb", json={"path": "after.ipynb"}).status_code == 200
    assert lab.http.patch(f"api/sessions/{session['id']}", json={"path": "after.ipynb"}).status_code == 200
    after = http.send(signed(lab, kernel, "open")).json()
    assert (after["path"], after["notebookId"]) == ("after.ipynb", before["notebookId"])


def test_the_event_stream_is_signed_and_beats(lab: Lab, kernel: Kernel, http: httpx.Client) -> None:
    request = signed(lab, kernel, "events", b'{"after": 0}')
    answer = http.send(request, stream=True)
    assert answer.status_code == 200
    verify_answer(kernel.key, answer.headers, nonce=request.headers[NONCE_HEADER], status=200, body=None)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert next(answer.iter_raw()) == b"\n"
    answer.close()


def test_a_browser_on_another_origin_is_refused(lab: Lab, kernel: Kernel, http: httpx.Client) -> None:
    request = signed(lab, kernel, "open")
    request.headers["Origin"] = "https://evil.example"
    assert http.send(request).status_code == 404


def test_a_kernel_without_a_key_is_refused(make_lab: LabMaker, http: httpx.Client, jupyter_folders: Path) -> None:
    (jupyter_folders / "config").mkdir(exist_ok=True)
    file = jupyter_folders / "config" / "jupyter_server_config.py"
    file.write_text("c.Session.key = b''\n")
    with make_lab() as lab:
        file.unlink()
        lab.notebook("a.ipynb")
        kernel = lab.session("a.ipynb")
        assert kernel.key == b""
        forged = signed(lab, kernel, "open", key=b"any")
        answer = http.send(forged)
    assert answer.status_code == 403
    assert "empty" in json.loads(answer.content)["message"]


def test_a_turn_is_one_signed_stream(lab: Lab, kernel: Kernel, http: httpx.Client) -> None:
    prompt = b'{"prompt": "hello", "idempotencyKey": "0123456789abcdef"}'
    request = signed(lab, kernel, "turn", prompt)
    answer = http.send(request)
    assert answer.status_code == 200
    head, *middle, end = [line for line in answer.content.split(b"\n") if line]
    nonce = request.headers[NONCE_HEADER]
    verify_answer(kernel.key, answer.headers, nonce=nonce, status=200, body=head)
    accepted = json.loads(head)
    events = [json.loads(line) for line in middle]
    assert events[0]["number"] == accepted["after"] + 1
    assert {event["turnId"] for event in events} == {accepted["turnId"]}
    assert events[-1]["event"]["kind"] == "turn_ended"
    ending = msgspec.json.decode(end, type=TurnStreamEnd)
    verify_stream_end(kernel.key, ending.signature, nonce=nonce, body=bytes(ending.info))
    assert json.loads(bytes(ending.info))["turns"] >= 1
    repeated = http.send(signed(lab, kernel, "turn", prompt))
    assert json.loads(repeated.content.split(b"\n")[0]) == accepted


def test_a_refused_turn_is_signed(lab: Lab, kernel: Kernel, http: httpx.Client) -> None:
    request = signed(lab, kernel, "turn", b'{"prompt": "hello", "idempotencyKey": "short"}')
    answer = http.send(request)
    assert answer.status_code == 400
    assert_signed(kernel, request, answer)
