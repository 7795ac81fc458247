"""What a person waits for: cell, panel, agent kernel and in-process turns beside the bare SDK, in one run.

Usage: python tests/bench/end_to_end.py [--providers docker local] [--only PART ...] [--rounds N] [--warm N]
       [--seconds N] [--busy] [--json FILE] [--markdown]
Everything is real: Jupyter server, kernel, kernel client, Chromium, sandbox, SDK and CLI. Only the model's words are
scripted; the model is a process of its own and answers without delay. Parts:

* bare: `bare_sdk.py` doing the same turns, in `docker run` with the image and limits that the product's own container
  has, and on the host. Cold and resume count from starting the command; warm turns are those of a connected client.
* cell: a `%%agent` cell of a kernel that the server started, from sending the execute request to the first text of the
  answer on IOPub, and to the kernel's idle status. Cold is a notebook's first turn on a server that had turns before;
  resume is the first turn after `%agent stop`; interrupt counts from the request to the server, half a second into a
  slow answer. `%load_ext` is measured here, in a fresh kernel.
* panel: JupyterLab in Chromium, from the click on "Send" to the frame in which the answer's first text is painted, and
  to the one that shows the turn as ended.
* kernel: a notebook of the kernel `agent-claude`, on the same server.
* inprocess: `%%agent` in a kernel without a server, which is how `jupyter execute` and papermill run it.
* start: Jupyter server and JupyterLab, from starting the process to the first answer, with and without the extension.

Parts take turns round by round, so that load from elsewhere meets all alike; compare figures of one run only. No part
begins whose longest time so far would pass `--seconds`; the column n says how many samples there are. A part that did
not run is named below the tables with its reason, and the exit status is then 1. Whether aims are met does not change
the exit status.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from measure_bare import measure_bare, sandbox_of
from measure_cell import Limits, Record, measure_agent_kernel, measure_cell, measure_in_process, server_kernel
from measure_panel import measure_panel
from measure_server import Server, agent_config, busy_core, clean_environ, jupyter_server, model_environ, scripted_model
from report_table import Results, markdown, plain

PARTS = ("bare", "cell", "panel", "kernel", "inprocess", "start")
PROVIDERS = ("docker", "local")
STARTS = (("server", "jupyter_server", "api/status"), ("lab", "jupyterlab", "lab"))
"""Name, module to run, and the path whose first answer counts as started."""

LONGEST_BUSY_SECONDS = 900.0
Part = Callable[[], None]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--providers", nargs="+", choices=PROVIDERS, default=list(PROVIDERS))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3, help="at most; default 3")
    parser.add_argument("--warm", type=int, default=8, help="warm turns a part and round, at most; default 8")
    parser.add_argument("--seconds", type=float, default=280, help="begin no part that would pass this; default 280")
    parser.add_argument("--busy", action="store_true", help="keep one core busy meanwhile, with a loop of bounded time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    arguments = parser.parse_args()
    # Servers, kernels and sandboxes end with a run that is terminated, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    results = Results(about={})
    busy = busy_core(LONGEST_BUSY_SECONDS) if arguments.busy else nullcontext()
    load = os.getloadavg()[0]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="agent-bench-", ignore_cleanup_errors=True) as folder, busy:
        Bench(Path(folder), arguments, results).run(began)
    results.about.update(
        {
            "rounds": f"at most {arguments.rounds}, each with at most {arguments.warm} warm turns a part;"
            f" {time.monotonic() - began:.0f} s in all",
            "machine": f"{os.cpu_count()} cores; load {load:.1f} before and {os.getloadavg()[0]:.1f} at the end"
            + ("; one core kept busy by this run" if arguments.busy else ""),
        }
    )
    print(markdown(results) if arguments.markdown else plain(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(results.to_json(), indent=1))
    return 1 if results.failures else 0


class Bench:
    """One run: servers that stay up, and the parts that each round goes through."""

    def __init__(self, folder: Path, arguments: argparse.Namespace, results: Results) -> None:
        self.folder = folder
        self.arguments = arguments
        self.results = results
        self.limits = Limits(turns=arguments.warm, seconds=8.0)
        self.failed: set[str] = set()

    def run(self, began: float) -> None:
        """All parts, round by round, as far as the time allows."""
        with ExitStack() as stack:
            model_url = stack.enter_context(scripted_model(self.folder))
            parts: dict[str, Part] = {}
            for provider in self.arguments.providers:
                self._attempt(f"{provider}: setting up", partial(self._set_up, stack, provider, model_url, parts))
            if "start" in self.arguments.only:
                for name, module, ready_at in STARTS:
                    parts[f"start: {name}"] = partial(self._start, model_url, name, module, ready_at)
            took: dict[str, float] = {}
            for number in range(self.arguments.rounds):
                for name, part in parts.items():
                    part_began = time.monotonic()
                    left = began + self.arguments.seconds - part_began
                    if left < took.get(name, 0.0):
                        if number == 0:
                            self.results.failures.append(f"{name}: not begun, since --seconds were over")
                        continue
                    self._attempt(name, part)
                    took[name] = max(took.get(name, 0.0), time.monotonic() - part_began)

    def _attempt(self, name: str, part: Part) -> None:
        """Carry out one part. One that failed is reported with its reason and not tried again in this run."""
        if name in self.failed:
            return
        began = time.monotonic()
        try:
            part()
        except Exception as err:  # noqa: BLE001 - the other parts run on; the report and the exit status name this one
            self.failed.add(name)
            self.results.failures.append(f"{name}: {type(err).__name__}: {err}")
            print(self.results.failures[-1], file=sys.stderr)
        print(f"{name}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)

    def _set_up(self, stack: ExitStack, provider: str, model_url: str, parts: dict[str, Part]) -> None:
        """Add the parts of one provider, with its server up and one turn behind it."""
        only, record = self.arguments.only, self._recorder(provider, "ours")
        folder = self.folder / provider
        agent = agent_config(folder, provider)
        needs_server = {"cell", "panel", "kernel"} & set(only) or ("bare" in only and provider == "docker")
        sandbox: dict[str, Any] | None = None
        server: Server | None = None
        if needs_server:
            server = stack.enter_context(jupyter_server(folder, model_url=model_url, agent=agent))
            sandbox = _first_turn(server, inspect=provider == "docker")
        if "bare" in only:
            bare = self._recorder(provider, "bare")
            parts[f"{provider}: bare"] = lambda: measure_bare(provider, model_url, sandbox, self.arguments.warm, bare)
        on_server = {"cell": measure_cell, "panel": measure_panel, "kernel": measure_agent_kernel}
        for name, measure in on_server.items():
            if name in only and server is not None:
                parts[f"{provider}: {name}"] = partial(measure, server, self.limits, record)
        if "inprocess" in only:
            parts[f"{provider}: inprocess"] = lambda: self._in_process(provider, model_url, record)

    def _in_process(self, provider: str, model_url: str, record: Record) -> None:
        folder = Path(tempfile.mkdtemp(prefix="inprocess-", dir=self.folder))
        environ = {**clean_environ(folder), **model_environ(model_url)}
        config = Path(environ["JUPYTER_CONFIG_DIR"])
        config.mkdir(parents=True)
        traits = {"AgentHost": agent_config(folder, provider)}
        (config / "jupyter_agent_host_config.json").write_text(json.dumps(traits))
        measure_in_process(environ, folder / "work", self.limits, record)

    def _start(self, model_url: str, name: str, module: str, ready_at: str) -> None:
        """One start with the extension and one without, in turns first, since the second finds its files cached."""
        count = len(self.results.samples["start", "ours", f"start.{name}.with"])
        for side in ("without", "with") if count % 2 else ("with", "without"):
            folder = Path(tempfile.mkdtemp(prefix="start-", dir=self.folder))
            agent = agent_config(folder, self.arguments.providers[0]) if side == "with" else None
            with jupyter_server(folder, model_url=model_url, agent=agent, module=module, ready_at=ready_at) as server:
                record = self._recorder("start", "ours" if side == "with" else "bare")
                record(f"start.{name}.{side}", 1000 * server.start_seconds)

    def _recorder(self, place: str, side: str) -> Record:
        return lambda name, milliseconds: self.results.samples[place, side, name].append(milliseconds)


def _first_turn(server: Server, *, inspect: bool) -> dict[str, Any] | None:
    """One turn, so that the server is long up for what is measured; how its container was made, with `inspect`."""
    path = server.notebook("first.ipynb")
    with server.client() as http, server_kernel(server, http, path, "python3") as (cell, _):
        cell.run("%load_ext jupyter_agent_host")
        cell.turn()
        sandbox = sandbox_of(server.notebook_id(http, path)) if inspect else None
        server.stop_sandbox(http, path)
    return sandbox


if __name__ == "__main__":
    sys.exit(main())
