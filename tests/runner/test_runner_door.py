"""Who gets in, and what bad input gets: the runner's socket, token, frames, uploads, relay, and its own hardening."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
from runner_rig import PROMPT, TOKEN, new_id, one_session, running_runner

from jupyter_agent_host.errors import ProtocolError, SandboxGoneError
from jupyter_agent_host.host.sandboxes.websocket_client import WebSocket
from jupyter_agent_host.protocol.control import Interrupt, Welcome, encode_frame
from jupyter_agent_host.protocol.events import TurnEnded
from jupyter_agent_host.protocol.limits import MAX_FRAME_BYTES, PROTOCOL_VERSION
from jupyter_agent_host.protocol.runner_start import RunnerStart, encode_start
from jupyter_agent_host.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio

NOWHERE = "http://127.0.0.1:9"


async def test_without_the_token_nothing_is_told(tmp_path: Path) -> None:
    async with running_runner(tmp_path) as rig:
        for path in ("/healthz", "/control", "/nothing"):
            assert await rig.request("GET", path, token="x" * 40) == (401, b"")
        with pytest.raises(ProtocolError, match="refused"):
            await WebSocket.dial(await rig.connect(), "/control", "x" * 40)
        with pytest.raises(ProtocolError, match="refused"):
            await WebSocket.dial(await rig.connect(), "/carry/abc", "")
        assert (await rig.health()).host_connected is False
        assert TOKEN not in rig.log.read_text()


async def test_a_peer_from_inside_is_hung_up_on_even_with_the_token(tmp_path: Path) -> None:
    async with running_runner(tmp_path, require_outside_peer=True) as rig:
        async with await rig.connect() as stream:
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await stream.receive()
        assert rig.process.returncode is None
        assert "from inside" in rig.log.read_text()


async def test_health_tells_versions_the_shared_folder_and_use_of_the_machine(tmp_path: Path) -> None:
    async with running_runner(tmp_path) as rig:
        assert (await rig.health()).mount_nonce == ""
        (Path(rig.start.socket_path).parent / ".nonce").write_text("n0nce\n")
        health = await rig.health()
        mode = stat.S_IMODE((await anyio.Path(rig.start.socket_path).stat()).st_mode)
    assert health.protocol == PROTOCOL_VERSION
    assert health.mount_nonce == "n0nce"
    assert health.sdk_version.count(".") == 2
    assert health.cli_version.count(".") == 2
    assert health.rss_bytes > 10_000_000
    assert health.pids == 1
    assert mode == 0o777, "the folder above decides who reaches it"


async def test_a_frame_that_is_none_ends_the_connection_and_not_the_runner(tmp_path: Path) -> None:
    unknown_field = b'{"kind":"prompt","session_id":"s","turn_id":"t","content":"c","more":1}'
    async with running_runner(tmp_path) as rig:
        for bad in (unknown_field, b'{"kind":"dance"}', b"[", b"", b"[" * 100_000):
            async with rig.host(NOWHERE) as host:
                await host.send_raw(bad)
                with anyio.fail_after(5):
                    await host.ended.wait()
        async with rig.host(NOWHERE) as host:
            await host.send(Interrupt(session_id="nobody"))
            assert (await rig.health()).host_connected


async def test_an_oversized_frame_ends_the_connection_and_not_the_session(tmp_path: Path) -> None:
    async with ScriptedModel({"rules": [{"say": "Hi."}]}) as model, running_runner(tmp_path) as rig:
        session = new_id()
        async with rig.host(model.url) as host:
            await host.open(session)
            with anyio.fail_after(20):
                with suppress(SandboxGoneError):  # the runner may hang up before all of it was sent
                    await host.send_raw(b'{"kind":"prompt","content":"' + b"x" * MAX_FRAME_BYTES + b'"}')
                await host.ended.wait()
        async with rig.host(model.url) as host:
            end, _ = await host.turn(session, "hi")
    assert end.text == "Hi."


async def test_another_protocol_version_is_refused(tmp_path: Path) -> None:
    async with running_runner(tmp_path) as rig:
        socket = await WebSocket.dial(await rig.connect(), "/control", TOKEN)
        await socket.receive()
        await socket.send_text(encode_frame(Welcome(protocol=PROTOCOL_VERSION + 1)))
        with pytest.raises(anyio.EndOfStream):
            await socket.receive()
        await socket.aclose()
        assert (await rig.health()).host_connected is False


async def test_a_prompt_of_a_megabyte_arrives_whole(tmp_path: Path) -> None:
    prompt = "ü" * 500_000
    async with one_session(tmp_path, {"rules": [{"say": "Long."}]}) as (model, _rig, host, session):
        end, _ = await host.turn(session, prompt)
    assert end.text == "Long."
    assert prompt in str(model.messages[0].body["messages"])
    assert PROMPT in str(model.messages[0].body["system"])


async def test_an_upload_that_is_no_transcript_is_refused(tmp_path: Path) -> None:
    async with running_runner(tmp_path) as rig:
        assert await rig.upload(str(uuid4()), b'{"subpath":"","entry":{}}\nnonsense') == 400
        assert await rig.upload(str(uuid4()), b'{"subpath":"","entry":{},"more":1}') == 400
        assert await rig.upload("..%2F..%2Fetc", b"") in (400, 404)
        assert await rig.upload(str(uuid4()), b'{"subpath":"","entry":{}}\n\n{"subpath":"a/b","entry":{}}') == 204


async def test_a_connection_nobody_wants_carried_ends(tmp_path: Path) -> None:
    async with running_runner(tmp_path) as rig:
        socket = await WebSocket.dial(await rig.connect(), "/carry/" + "0" * 32, TOKEN)
        with pytest.raises(anyio.EndOfStream):
            await socket.receive()
        await socket.aclose()


async def test_the_relay_carries_the_same_conversation(tmp_path: Path) -> None:
    async with running_runner(tmp_path) as rig:
        relay = [sys.executable, "-m", "jupyter_agent_host.runner.relay", rig.start.socket_path]
        request = f"GET /healthz HTTP/1.1\r\nHost: r\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
        async with await anyio.open_process(relay) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            await process.stdin.send(request.encode())
            answer = b"".join([data async for data in process.stdout])
        assert b"200 OK" in answer
        assert b"incarnation" in answer
        relay[-1] += "nothing"
        failed = await anyio.run_process(relay, input=b"", check=False)
        assert failed.returncode == 1
        assert b"cannot be reached" in failed.stderr


async def test_neighbours_of_the_same_user_cannot_read_the_runner(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root to become an unprivileged user")
    async with as_nobody() as (pid, nobody):
        for name in ("environ", "mem", "maps"):
            read = await anyio.run_process(["cat", f"/proc/{pid}/{name}"], check=False, user=nobody, group=nobody)
            assert read.returncode != 0, name
        own = await anyio.run_process(["cat", "/proc/self/environ"], check=False, user=nobody, group=nobody)
        assert own.returncode == 0, "an ordinary process of that user can be read"


async def test_it_ends_with_its_parent_when_asked_to(tmp_path: Path) -> None:
    start = encode_start(RunnerStart(token=TOKEN, socket_path=str(tmp_path / "s"), require_outside_peer=False))
    parent = (
        "import subprocess, sys, time\n"
        "runner = subprocess.Popen([sys.executable, '-m', 'jupyter_agent_host.runner', '--die-with-parent'],"
        " stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "runner.stdin.write(sys.stdin.buffer.readline()); runner.stdin.flush()\n"
        "print(runner.pid, flush=True); time.sleep(60)\n"
    )
    async with await anyio.open_process([sys.executable, "-c", parent]) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        await process.stdin.send(start)
        pid = int(await process.stdout.receive())
        with anyio.fail_after(20):
            while not (tmp_path / "s").exists():  # noqa: ASYNC110 - another process makes it
                await anyio.sleep(0.05)
        process.kill()
    with anyio.fail_after(20):
        while _runs(pid):  # noqa: ASYNC110 - not our child
            await anyio.sleep(0.05)


async def test_orders_that_cannot_be_followed_are_said(tmp_path: Path) -> None:
    for orders, said in ((b"", b"no start order"), (b"{}\n", b"no start order"), (b'{"x":1}\n', b"no start order")):
        done = await anyio.run_process([sys.executable, "-m", "jupyter_agent_host.runner"], input=orders, check=False)
        assert done.returncode == 2
        assert said in done.stderr
        assert b"Traceback" not in done.stderr
    short = encode_start(RunnerStart(token="short", socket_path=str(tmp_path / "s")))
    done = await anyio.run_process([sys.executable, "-m", "jupyter_agent_host.runner"], input=short, check=False)
    assert done.returncode == 2
    assert b"shorter than" in done.stderr


async def test_what_is_logged_holds_neither_prompts_nor_answers(tmp_path: Path) -> None:
    async with ScriptedModel({"rules": [{"say": "SECRET-ANSWER"}]}) as model, running_runner(tmp_path) as rig:
        session = new_id()
        async with rig.host(model.url) as host:
            await host.open(session)
            end, _ = await host.turn(session, "SECRET-PROMPT")
            assert isinstance(end, TurnEnded)
        log = rig.log.read_text()
    assert "host connected" in log
    assert "SECRET" not in log


@asynccontextmanager
async def as_nobody() -> AsyncIterator[tuple[int, int]]:
    """A process of an unprivileged user that hardened itself; its pid and that user's id."""
    nobody = 65534
    code = (
        "from jupyter_agent_host.runner.hardening import hide_from_neighbours as hide\n"
        "import os, sys\n"
        f"os.setgid({nobody}); os.setuid({nobody}); hide(); print('hidden', flush=True); sys.stdin.read()\n"
    )
    process = await anyio.open_process([sys.executable, "-c", code])
    try:
        assert process.stdout is not None
        await process.stdout.receive()
        yield process.pid, nobody
    finally:
        process.kill()
        await process.wait()
        await process.aclose()


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
