"""Relays: the engine's framing, and connections that stand ready."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import anyio
import pytest
from anyio.abc import ByteStream

from jupyter_agent_host.errors import SandboxGoneError
from jupyter_agent_host.providers.docker.exec_relay import RelayPool, RelayStream
from jupyter_agent_host.providers.docker.hijacked_streams import ThreadedStream, wrap_socket

pytestmark = pytest.mark.anyio


def frame(number: int, data: bytes) -> bytes:
    return bytes([number, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


async def read_all(stream: ByteStream) -> bytes:
    return b"".join([part async for part in stream])


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        yield ours, theirs


@pytest.mark.parametrize("size", [1, 3, 8, 9, 1000])
async def test_output_is_unframed_however_it_is_cut(pair: tuple[socket.socket, socket.socket], size: int) -> None:
    ours, theirs = pair
    wire = frame(1, b"hello ") + frame(2, b"a warning") + frame(1, b"") + frame(1, "wörld".encode())

    def feed() -> None:
        for start in range(0, len(wire), size):
            theirs.sendall(wire[start : start + size])
        theirs.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=feed)
    thread.start()
    async with RelayStream(await wrap_socket(ours)) as stream:
        assert await read_all(stream) == "hello wörld".encode()
    thread.join()


async def test_a_small_receive_takes_no_more_than_asked(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(frame(1, b"abcdef"))
    async with RelayStream(await wrap_socket(ours)) as stream:
        assert [await stream.receive(4), await stream.receive(4)] == [b"abcd", b"ef"]


async def test_input_goes_out_raw_and_ends_alone(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    async with RelayStream(await wrap_socket(ours)) as stream:
        await stream.send(b"request")
        await stream.send_eof()
        assert theirs.recv(100) + theirs.recv(100) == b"request"
        theirs.sendall(frame(1, b"answer"))
        assert await stream.receive() == b"answer"


async def test_sending_to_a_relay_that_is_over_fails_though_the_engine_keeps_the_connection(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    theirs.sendall(frame(1, b"refused"))
    theirs.shutdown(socket.SHUT_WR)
    async with RelayStream(await wrap_socket(ours)) as stream:
        with anyio.fail_after(5), pytest.raises(anyio.BrokenResourceError):
            await stream.send(b" " * 10_000_000)
        assert await stream.receive() == b"refused"
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()


async def test_an_answer_that_comes_while_sending_is_kept(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(frame(1, b"early"))
    async with RelayStream(await wrap_socket(ours)) as stream:
        with anyio.move_on_after(0.2):
            await stream.send(b" " * 10_000_000)
        assert await stream.receive() == b"early"


class Engine:
    """Stands in for exec: hands out socket pairs, of which the test holds the other ends."""

    def __init__(self) -> None:
        self.others: list[socket.socket] = []
        self.gone = False
        self.open = threading.Event()
        self.open.set()
        self._lock = threading.Lock()

    def dial(self) -> socket.socket:
        self.open.wait(10)
        with self._lock:
            if self.gone:
                raise SandboxGoneError("gone")
            ours, theirs = socket.socketpair()
            self.others.append(theirs)
            return ours

    def end(self) -> None:
        self.open.set()
        with self._lock:
            self.gone = True
        for other in self.others:
            other.close()

    async def dialled(self, count: int) -> None:
        with anyio.fail_after(5):
            while len(self.others) < count:  # noqa: ASYNC110 - the event happens in a thread
                await anyio.sleep(0.01)


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.end()


async def test_spares_stand_ready_and_are_replaced(engine: Engine) -> None:
    pool = RelayPool(engine.dial, 2)
    pool.warm()
    await engine.dialled(2)
    stream = await pool.connect()
    await engine.dialled(3)
    engine.others[0].sendall(frame(1, b"first spare"))
    assert await stream.receive() == b"first spare"
    await stream.aclose()
    pool.close()


async def test_a_spare_that_died_is_passed_over(engine: Engine) -> None:
    pool = RelayPool(engine.dial, 1)
    pool.warm()
    await engine.dialled(1)
    engine.others[0].close()
    stream = await pool.connect()
    await engine.dialled(2)
    alive = engine.others[1:]
    for other in alive:
        other.sendall(frame(1, b"alive"))
    assert await stream.receive() == b"alive"
    await stream.aclose()
    pool.close()


async def test_a_gone_sandbox_is_an_error_not_a_loop(engine: Engine) -> None:
    pool = RelayPool(engine.dial, 2)
    pool.warm()
    await engine.dialled(2)
    engine.gone = True
    for other in engine.others:
        other.close()
    with anyio.fail_after(5), pytest.raises(SandboxGoneError):
        await pool.connect()
    pool.close()


async def test_a_cancelled_connect_loses_no_connection(engine: Engine) -> None:
    pool = RelayPool(engine.dial, 1)
    engine.open.clear()
    with anyio.move_on_after(0.05) as scope:
        await pool.connect()
    assert scope.cancelled_caught
    engine.open.set()
    stream = await pool.connect()
    await stream.aclose()
    pool.close()


async def test_closing_ends_spares_and_refuses_more(engine: Engine) -> None:
    pool = RelayPool(engine.dial, 2)
    pool.warm()
    await engine.dialled(2)
    pool.close()
    pool.close()
    for other in engine.others:
        other.settimeout(5)
        assert other.recv(1) == b""
    with pytest.raises(SandboxGoneError):
        await pool.connect()


async def test_a_connection_without_a_plain_socket_works_through_threads(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    stream = ThreadedStream(ours)
    await stream.send(b"ping")
    assert theirs.recv(10) == b"ping"
    theirs.sendall(b"pong")
    assert await stream.receive() == b"pong"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.sleep, 0)
        with anyio.move_on_after(0.05):
            await stream.receive()
        await stream.aclose()
    with pytest.raises(anyio.ClosedResourceError):
        await stream.receive()
    assert theirs.recv(10) == b""
