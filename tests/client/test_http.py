"""The kernel's client against a real HTTP server that signs as the Jupyter server does, and that can misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from jupyter_agent_host.client.event_stream import Patience
from jupyter_agent_host.client.kernel_client import KernelClient
from jupyter_agent_host.client.server_discovery import Kernel, ServerAddress
from jupyter_agent_host.errors import AgentHostError, AuthenticationError, BudgetExceededError, ServerUnreachableError
from jupyter_agent_host.protocol.events import EventRecord, TextDelta, TurnEnded, record_to_json
from jupyter_agent_host.protocol.host_api import (
    Done,
    EventsRequest,
    Failure,
    GrantRequest,
    PromptAccepted,
    PromptRequest,
    Simple,
)
from jupyter_agent_host.protocol.kernel_auth import SIGNATURE_HEADER, NonceCache, sign_answer, verify_request

KEY = b"connection-key"
KERNEL = Kernel(connection_file="/run/kernel-k1.json", key=KEY)
FAST = Patience(give_up_seconds=1.0, first_pause_seconds=0.02, longest_pause_seconds=0.05)


def record(number: int, text: str = "", turn_id: str = "t1") -> bytes:
    event = TextDelta(message_id="m", text=text or f"w{number} ")
    return _line(number, turn_id, event)


def ended(number: int, turn_id: str = "t1") -> bytes:
    return _line(number, turn_id, TurnEnded(status="completed"))


def _line(number: int, turn_id: str, event: Any) -> bytes:
    whole = EventRecord(number=number, notebook_id="n", session_id="s", turn_id=turn_id, time=1.0, event=event)
    return record_to_json(whole) + b"\n"


Stream = Callable[["Peer", EventsRequest], Iterator[bytes]]


@dataclass
class Peer:
    """What the server is to do."""

    url: str = ""
    key: bytes = KEY
    answers: dict[str, Any] = field(default_factory=dict)
    streams: list[Stream] = field(default_factory=list)
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    status: int = 200
    signed: bool = True
    hang_up: bool = False
    paths: list[str] = field(default_factory=list)


@pytest.fixture
def peer() -> Iterator[Peer]:
    nonces = NonceCache()
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            peer.paths.append(self.path)
            nonce = verify_request(
                KEY, self.headers, method="POST", path=self.path, kernel_id="k1", nonces=nonces, body=body
            )
            verb = self.path.rpartition("/")[2]
            peer.seen.append((verb, body))
            if peer.hang_up:
                self.connection.close()
                return
            if verb == "events" and peer.status == 200:
                self._stream(nonce, msgspec.json.decode(body, type=EventsRequest))
            else:
                self._answer(nonce, msgspec.json.encode(peer.answers.get(verb)))

        def _answer(self, nonce: str, body: bytes) -> None:
            self.send_response(peer.status)
            if peer.signed:
                self.send_header(SIGNATURE_HEADER, sign_answer(peer.key, nonce=nonce, status=peer.status, body=body))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, nonce: str, request: EventsRequest) -> None:
            self.send_response(200)
            self.send_header(SIGNATURE_HEADER, sign_answer(peer.key, nonce=nonce, status=200, body=None))
            self.end_headers()
            for piece in peer.streams.pop(0)(peer, request) if peer.streams else []:
                self.wfile.write(piece)
                self.wfile.flush()

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    peer.url = f"http://127.0.0.1:{server.server_port}/base%20x/"
    yield peer
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> Iterator[KernelClient]:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # must not be used
    client = KernelClient(KERNEL, ServerAddress(peer.url, loopback=True), patience=FAST)
    yield client
    client.close()


def test_a_verb_travels_typed_and_signed(peer: Peer, client: KernelClient) -> None:
    peer.answers["prompt"] = {"notebookId": "n", "sessionId": "s", "turnId": "t", "after": 7, "future": 1}
    answer = client.call("prompt", PromptRequest(prompt="héllo", headless=True))
    assert answer == PromptAccepted(notebook_id="n", session_id="s", turn_id="t", after=7)
    assert msgspec.json.decode(peer.seen[0][1], type=PromptRequest).prompt == "héllo"
    assert peer.paths == ["/base%20x/agent-host/kernels/k1/prompt"]


def test_a_refusal_is_the_error_that_the_host_raised(peer: Peer, client: KernelClient) -> None:
    peer.status = 402
    peer.answers["grant"] = Failure(code="budget_exceeded", message="The budget is used up.")
    with pytest.raises(BudgetExceededError, match="used up"):
        client.call("grant", GrantRequest(target="x"))
    peer.answers["grant"] = Failure(code="from_the_future", message="New.")
    with pytest.raises(AgentHostError, match="New"):
        client.call("grant", GrantRequest(target="x"))


def test_an_answer_signed_with_another_key_is_not_believed(peer: Peer, client: KernelClient) -> None:
    peer.key = b"somebody else's"
    peer.answers["stop"] = Done(message="lies")
    with pytest.raises(AuthenticationError, match="Something else"):
        client.call("stop", Simple())


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (404, ServerUnreachableError, "install jupyter-agent-host"),
        (403, AuthenticationError, "restart the kernel"),
        (200, ServerUnreachableError, "nothing was taken"),
        (302, ServerUnreachableError, "nothing was taken"),
    ],
)
def test_unsigned_answers_are_not_read(
    peer: Peer, client: KernelClient, status: int, error: type[Exception], says: str
) -> None:
    peer.status, peer.signed = status, False
    peer.answers["stop"] = Done(message="lies")
    with pytest.raises(error, match=says):
        client.call("stop", Simple())


def test_another_versions_answer_is_a_sentence(peer: Peer, client: KernelClient) -> None:
    peer.answers["prompt"] = {"somethingElse": 1}
    with pytest.raises(ServerUnreachableError, match="different versions"):
        client.call("prompt", PromptRequest(prompt="x"))


def test_a_prompt_is_never_sent_twice(peer: Peer, client: KernelClient) -> None:
    peer.hang_up = True
    with pytest.raises(ServerUnreachableError, match="%agent history"):
        client.call("prompt", PromptRequest(prompt="x"))
    assert len(peer.seen) == 1


def test_no_server_at_all_is_a_sentence() -> None:
    client = KernelClient(KERNEL, ServerAddress("http://127.0.0.1:9/", loopback=True))
    with pytest.raises(ServerUnreachableError, match="still running"):
        client.call("stop", Simple())
    client.close()


def test_events_with_heartbeats_in_any_pieces(peer: Peer, client: KernelClient) -> None:
    data = b"\n" + record(1, "a\u2028b") + b"\n\n" + record(2) + ended(3) + record(4)

    def bytewise(_peer: Peer, _request: EventsRequest) -> Iterator[bytes]:
        for at in range(0, len(data), 7):
            yield data[at : at + 7]

    peer.streams = [bytewise]
    records = list(client.events(EventsRequest(turn_id="t1")))
    assert [r.number for r in records] == [1, 2, 3]
    assert records[0].event == TextDelta(message_id="m", text="a\u2028b")


def test_a_broken_stream_goes_on_where_it_stopped(peer: Peer, client: KernelClient) -> None:
    def until(last: int) -> Stream:
        def stream(_peer: Peer, request: EventsRequest) -> Iterator[bytes]:
            # A server that repeats itself: everything from the beginning, and half a line at the end.
            for number in range(1, last + 1):
                yield record(number)
            if last == 60:
                yield ended(61)
            yield record(last + 1)[:20]

        return stream

    peer.streams = [until(20), until(20), until(45), until(60)]
    records = list(client.events(EventsRequest(turn_id="t1")))
    assert [r.number for r in records] == list(range(1, 62))
    afters = [msgspec.json.decode(body, type=EventsRequest).after for _, body in peer.seen]
    assert afters == [0, 20, 20, 45]


def test_a_server_that_stays_away_is_given_up_with_a_sentence(peer: Peer, client: KernelClient) -> None:
    peer.streams = [lambda *_: iter([record(1)])]
    stream = client.events(EventsRequest(turn_id="t1"))
    assert next(stream).number == 1
    started = time.monotonic()
    with pytest.raises(ServerUnreachableError, match="The turn goes on"):
        next(stream)
    assert 0.9 < time.monotonic() - started < 10
    assert not stream.connected


def test_a_restarting_server_that_does_not_know_the_kernel_yet_is_waited_for(peer: Peer, client: KernelClient) -> None:
    def first(peer: Peer, _request: EventsRequest) -> Iterator[bytes]:
        yield record(1)
        peer.status, peer.signed = 403, False

    def recover() -> None:
        time.sleep(0.3)
        peer.status, peer.signed = 200, True

    peer.streams = [first, lambda *_: iter([record(2), ended(3)])]
    threading.Thread(target=recover, daemon=True).start()
    assert [r.number for r in client.events(EventsRequest(turn_id="t1"))] == [1, 2, 3]


def test_a_refused_stream_raises_at_once(peer: Peer, client: KernelClient) -> None:
    peer.status, peer.signed = 403, False
    with pytest.raises(AuthenticationError):
        next(client.events(EventsRequest()))
    peer.signed = True
    peer.answers["events"] = Failure(code="unknown_notebook", message="Which one?")
    with pytest.raises(AgentHostError, match="Which one"):
        next(client.events(EventsRequest()))


def test_closing_from_another_thread_wakes_the_reader(peer: Peer, client: KernelClient) -> None:
    released = threading.Event()

    def silent(_peer: Peer, _request: EventsRequest) -> Iterator[bytes]:
        yield record(1)
        released.wait(20)

    peer.streams = [silent]
    stream = client.events(EventsRequest())
    assert next(stream).number == 1
    threading.Timer(0.3, stream.close).start()
    started = time.monotonic()
    assert list(stream) == []
    assert time.monotonic() - started < 5
    released.set()
    stream.close()


def test_garbage_in_a_stream_is_not_shown(peer: Peer, client: KernelClient) -> None:
    peer.streams = [
        lambda *_: iter([record(1), b"<html>\n", record(2)]),
        lambda *_: iter([record(2), ended(3)]),
    ]
    assert [r.number for r in client.events(EventsRequest(turn_id="t1"))] == [1, 2, 3]
