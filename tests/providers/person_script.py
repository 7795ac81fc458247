"""Run as some user: one `local` sandbox in that user's home; prints as JSON what an agent in it found."""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path

import anyio
import anyio.to_thread

from jupyter_agent_host.providers.local.provider import LocalProvider
from jupyter_agent_host.sandbox.spec import BindWorkspace, Limits, SandboxSpec
from jupyter_agent_host.testing.sandbox_shell import open_inside

LOOK = """
id -u
pwd
echo made inside > made.txt && stat -c %U made.txt
cat given.txt
find / -xdev -name 'id_ed25519' -o -xdev -name 'notebook_secret' 2>/dev/null | wc -l
grep -rl a-secret-of-this-person "$PERSON" 2>/dev/null | wc -l
python -c 'import sys, msgspec; print(sys.prefix)'
{ python -c 'hog = b"x" * 2**30'; } 2> /dev/null; echo $?
python - <<'PYTHON'
import os, time
try:
    while True:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
except OSError as error:
    print(type(error).__name__, flush=True)
os._exit(0)
PYTHON
touch "$PERSON/x" "$PERSON/project/x" /usr/x 2>/dev/null && echo WRITABLE || echo read-only
"""


async def main(notebooks: str, run_dir: str) -> None:
    provider = LocalProvider(run_dir=run_dir)
    report = await provider.probe()
    answer = {
        "available": report.available,
        "reason": report.reason,
        "owner": report.file_owner,
        "overlay": report.overlay,
    }
    if report.available:
        spec = SandboxSpec(
            host_id="person",
            notebook_id="n",
            session_id="s",
            token=secrets.token_hex(32),
            workspace=BindWorkspace(Path(notebooks)),
            user=report.sandbox_user,
            limits=Limits(pids=200),
            environment={"PERSON": os.environ["HOME"]},
        )
        sandbox = await provider.create(spec)
        try:
            async with open_inside(sandbox, spec.token) as inside:
                answer["seen"] = (await inside.run(LOOK)).splitlines()
                answer["notes"] = sandbox.isolation.notes
        finally:
            await sandbox.destroy()
        answer["left"] = await anyio.to_thread.run_sync(os.listdir, run_dir)
    print(json.dumps(answer))  # noqa: T201 - the answer


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2])
