"""Run as root, becomes some user who may use the engine; prints as JSON what a sandbox of that user looks like.

Everything is imported, by using it once, before root is given up: the tests' Python may lie where only root can read.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from docker_setup import IMAGE, TOKEN, run_inside

from jupyter_agent_host.container_engine.engine import open_engine
from jupyter_agent_host.providers.docker.provider import DockerProvider
from jupyter_agent_host.sandbox.runner_health import fetch_health
from jupyter_agent_host.sandbox.spec import OverlayWorkspace, SandboxSpec, ScratchWorkspace

LOOK = "id -u; id -g; cat private.txt; echo more >> private.txt; touch new.txt && echo wrote; touch /home/agent/x"


async def look(workspace: OverlayWorkspace | ScratchWorkspace) -> dict[str, Any]:
    provider = DockerProvider(image=IMAGE)
    report = await provider.probe()
    spec = SandboxSpec("person", "n", "s", TOKEN, workspace, user=report.sandbox_user)
    sandbox = await provider.create(spec)
    try:
        await fetch_health(await sandbox.connect(), TOKEN)
        engine = open_engine()
        _, seen = run_inside(engine.client, sandbox.id, "sh", "-c", LOOK)
        engine.client.close()
        notes = sandbox.isolation.notes
    finally:
        await sandbox.destroy()
    await provider.aclose()
    return {"owner": report.file_owner, "overlay": report.overlay, "seen": seen.splitlines(), "notes": notes}


def become(uid: int, socket: str) -> None:
    os.setgroups([Path(socket).stat().st_gid])
    os.setgid(uid)
    os.setuid(uid)


async def main(uid: int, socket: str, folder: Path) -> None:
    await look(ScratchWorkspace())
    if uid:
        await anyio.to_thread.run_sync(lambda: None)
        become(uid, socket)
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    print(json.dumps(await look(OverlayWorkspace(folder / "lower", folder / "upper", folder / "work"))))  # noqa: T201
    print(json.dumps(os.listdir(folder / "run")))  # noqa: T201, PTH208 - the answer


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
