"""`jupyter agent-host doctor`: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import argparse
import json
import platform
import shutil
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
from traitlets import TraitError

from jupyter_agent_host.errors import AgentHostError, ConfigError
from jupyter_agent_host.host.assembly import layers_of
from jupyter_agent_host.host.sandboxes.provider_choice import choose_provider, survey
from jupyter_agent_host.host.settings import HostSettings
from jupyter_agent_host.protocol.limits import PROTOCOL_VERSION
from jupyter_agent_host.server.config.config_files import agent_host_from_files
from jupyter_agent_host.version import __version__

_UPSTREAM_SECONDS = 5.0
_PACKAGES = ("claude-agent-sdk", "jupyter-server", "jupyterlab", "jupyter-collaboration", "docker")


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="what works on this machine, and what is missing",
        description="Look at engine, image, bubblewrap, model API and settings, and say which sandbox would be used "
        "and why. A key is never shown, only whether there is one. Exit code 1: no agent can run as things are.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examine and print; 0 when an agent could run."""
    report = anyio.run(examine)
    print(json.dumps(report, indent=2) if args.json else "\n".join(_lines(report)))
    return 0 if report["ok"] else 1


async def examine() -> dict[str, Any]:
    """Everything that `doctor` knows, as plain JSON values.

    Raises:
        ConfigError: a setting is wrong, so that nothing else can be said.
    """
    try:
        config = agent_host_from_files()
    except TraitError as err:
        raise ConfigError(f"A setting is wrong: {err}") from err
    settings = config.to_settings()
    chosen = await _choice(settings)
    upstream = await _upstream(settings, config.scripted_model)
    return {
        "ok": chosen["provider"] is not None and upstream["ok"],
        "versions": _versions(),
        "data_dir": str(settings.data_dir),
        "upstream": upstream,
        "bubblewrap": shutil.which("bwrap"),
        "providers": [asdict(report) for report in await survey(settings)],
        "choice": chosen,
        "workspace_limit": await anyio.to_thread.run_sync(_limit, settings),
    }


def _limit(settings: HostSettings) -> str:
    layers = layers_of(settings)
    refusal = layers.why_no_volume()
    words = layers.limits.words()
    if not refusal:
        return f"{words} for each notebook's private layer, by a file system of its own (loop device)"
    return f"{words} for each notebook's private layer, watched by the server: no file system of its own ({refusal})"


def _versions() -> dict[str, str | None]:
    versions: dict[str, str | None] = {
        "jupyter-agent-host": __version__,
        "protocol": str(PROTOCOL_VERSION),
        "python": platform.python_version(),
        "system": platform.platform(),
    }
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return versions


async def _choice(settings: HostSettings) -> dict[str, Any]:
    try:
        choice = await choose_provider(settings)
    except AgentHostError as err:
        return {"asked": settings.provider, "provider": None, "reason": str(err)}
    await choice.provider.aclose()
    isolation = choice.report.isolation
    return {
        "asked": settings.provider,
        "provider": choice.report.provider,
        "reason": choice.reason,
        "isolation": isolation.phrase if isolation else "",
        "notes": list(isolation.notes) if isolation else [],
    }


async def _upstream(settings: HostSettings, scripted_model: str) -> dict[str, Any]:
    """Whether there is a model to talk to. One request without the key: any answer at all means reachable."""
    gateway = settings.gateway
    if scripted_model and gateway.credential is None:
        return {"ok": True, "scripted_model": scripted_model, "key": False, "reason": "A script plays the model."}
    found: dict[str, Any] = {"url": gateway.base_url, "key": gateway.credential is not None}
    try:
        async with httpx.AsyncClient(timeout=_UPSTREAM_SECONDS) as client:
            response = await client.head(gateway.base_url)
    except httpx.HTTPError as err:
        reason = f"{gateway.base_url} cannot be reached: {type(err).__name__}. Check network and proxy settings."
        return {**found, "ok": False, "reachable": False, "reason": reason}
    reason = "" if found["key"] else "No key: set ANTHROPIC_API_KEY in the environment of the Jupyter server."
    return {**found, "ok": found["key"], "reachable": True, "status": response.status_code, "reason": reason}


def _lines(report: dict[str, Any]) -> list[str]:
    choice, upstream = report["choice"], report["upstream"]
    versions = ", ".join(f"{name} {number or '(not installed)'}" for name, number in report["versions"].items())
    lines = [f"versions   {versions}", f"data       {report['data_dir']}"]
    if "scripted_model" in upstream:
        lines.append(f"model      scripted model {Path(upstream['scripted_model']).name}: no real model is asked")
    else:
        key = "there is a key" if upstream["key"] else "there is no key"
        lines.append(
            f"model      {upstream['url']}, {'reachable' if upstream['reachable'] else 'not reachable'}, {key}"
        )
    if upstream["reason"]:
        lines.append(f"           {upstream['reason']}")
    lines.append(f"bubblewrap {report['bubblewrap'] or 'not installed: apt install bubblewrap'}")
    for provider in report["providers"]:
        lines.append(f"{provider['provider']:10} {'works' if provider['available'] else 'no'}: {provider['reason']}")
        lines += [f"           {name}: {value}" for name, value in provider["details"].items()]
    lines.append(f"disk       {report['workspace_limit']}")
    if choice["provider"]:
        lines.append(f"sandbox    {choice['provider']} ({choice['isolation']}). {choice['reason']}")
        lines += [f"           note: {note}" for note in choice["notes"]]
    else:
        lines.append(f"sandbox    none. {choice['reason']}")
    return [*lines, f"{'An agent can run here.' if report['ok'] else 'No agent can run here as things are.'}"]
