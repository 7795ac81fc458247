"""Attempts of another user of the same machine. Outside means: as the server's own user, to whom all of it is open."""

from __future__ import annotations

import os
import socket
import sys

from attempt import Parameters, RefusedError, attempt, main


def _read(path: str) -> str:
    with open(path, "rb") as handle:
        return f"{len(handle.read(4096))} bytes"


def _list(path: str) -> str:
    return f"{len(os.listdir(path))} entries"


@attempt
def read_the_journal(given: Parameters) -> str:
    """Read all conversations, and the tokens of sandboxes."""
    return _read(given["journal"])


@attempt
def list_the_data_folder(given: Parameters) -> str:
    """Look into the server's data folder."""
    return _list(given["data"])


@attempt
def read_the_copy_of_a_folder(given: Parameters) -> str:
    """Read the copy of a notebook's folder that a sandbox works in."""
    return _list(given["copy"])


@attempt
def list_the_folder_of_a_sandbox(given: Parameters) -> str:
    """Look into the folder that holds a runner's socket."""
    return _list(os.path.dirname(given["runner"]))


@attempt
def speak_to_a_runner(given: Parameters) -> str:
    """Ask a runner, with its token known."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(given["runner"])
        request = f"GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {given['token']}\r\n\r\n"
        connection.sendall(request.encode())
        return connection.recv(64).split(b"\r\n")[0].decode()


@attempt
def put_a_socket_in_a_runners_place(given: Parameters) -> str:
    """Listen beside a runner, to be taken for it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(given["runner"] + "-mine")
    os.unlink(given["runner"] + "-mine")
    return "listening"


@attempt
def read_the_servers_token(given: Parameters) -> str:
    """Read Jupyter's token."""
    names = [name for name in os.listdir(given["runtime"]) if name.startswith("jpserver")]
    return _read(f"{given['runtime']}/{names[0]}")


@attempt
def read_the_secret_of_signatures(given: Parameters) -> str:
    """Read the secret that notebooks are signed with."""
    return _read(given["notebook_secret"])


@attempt
def read_the_servers_environment(given: Parameters) -> str:
    """Read the environment that the server was started with, key and all."""
    return _read(f"/proc/{given['server_pid']}/environ")


@attempt
def read_the_servers_memory(given: Parameters) -> str:
    """Open the server's memory."""
    os.close(os.open(f"/proc/{given['server_pid']}/mem", os.O_RDONLY))
    return "open"


@attempt
def signal_the_server(given: Parameters) -> str:
    """Send the server a signal (one that only asks whether it is there)."""
    os.kill(given["server_pid"], 0)
    return "it would arrive"


@attempt
def see_the_key_among_the_processes(given: Parameters) -> str:
    """Find a token or the key in the arguments of processes, which everybody may read."""
    shown = b""
    for process in (entry for entry in os.listdir("/proc") if entry.isdigit()):
        try:
            with open(f"/proc/{process}/{given['part']}", "rb") as handle:
                shown += handle.read()
        except OSError:
            continue
    if not any(word[::-1].encode() in shown for word in given["backwards"]):
        raise RefusedError("no process shows it")
    return "it is shown"


@attempt
def ask_the_server(given: Parameters) -> str:
    """Ask the server about agents, without its token."""
    with socket.create_connection(("127.0.0.1", given["server_port"]), 5) as connection:
        head = f"GET /agent-host/notebooks HTTP/1.1\r\nHost: 127.0.0.1:{given['server_port']}\r\n"
        connection.sendall(f"{head}{given.get('authorization', '')}Connection: close\r\n\r\n".encode())
        answer = connection.recv(4096)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RefusedError(answer[:30].decode(errors="replace"))
    return "it answered"


if __name__ == "__main__":
    sys.exit(main())
