"""`python -m jupyter_agent_host.scripted_model SCRIPT [--port N] [--ready-file FILE]`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

import anyio

from jupyter_agent_host.scripted_model.script import ScriptError
from jupyter_agent_host.scripted_model.server import ScriptedModel


async def serve(script: str, port: int, ready_file: Path | None) -> None:
    """Serve until SIGTERM or SIGINT. The base URL goes to standard output and, whole at once, to `ready_file`."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with ScriptedModel(script, port=port) as model:
            sys.stdout.write(f"{model.url}\n")
            sys.stdout.flush()
            if ready_file is not None:
                part = ready_file.with_name(ready_file.name + ".part")
                part.write_text(model.url, encoding="utf-8")
                part.replace(ready_file)
            async for _ in signals:
                return


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripted_model", description="Serve a scripted model on loopback.")
    parser.add_argument("script", help="path of a script, or the name of a packaged one: demo")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ready-file", type=Path)
    arguments = parser.parse_args()
    try:
        anyio.run(serve, arguments.script, arguments.port, arguments.ready_file)
    except (ScriptError, OSError) as err:
        sys.stderr.write(f"{err}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
