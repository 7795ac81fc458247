"""Whole machines for the stories: which sandboxes there are here, and a scripted model upstream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from machine import Machine, MakeMachine

from jupyter_agent_host.sandbox.spec import ProviderReport
from jupyter_agent_host.scripted_model import ScriptedModel, running_scripted_model

LOOK_FOR_KEYS = (
    "{ env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; } | grep -ao 'sk-e2e-[a-z]\\+'; "
    "find / '(' -path /proc -o -path /sys -o -path /dev -o -path /usr ')' -prune -o -type f -print0"
    " | xargs -0 grep -aso 'sk-e2e-[a-z]\\+'; echo looked everywhere"
)
"""Shows what may be a key, in every process and in every file but the system's own programs."""

SCRIPT: dict[str, Any] = {
    "name": "stories",
    "api_key": "sk-e2e-secret-key",
    "rules": [
        {
            "when": {"prompt": "highest revenue"},
            "steps": [
                {"say": "Let me look.", "tools": [{"name": "Bash", "input": {"command": "cat sales.csv"}}]},
                {
                    "tools": [
                        {
                            "name": "Bash",
                            "input": {"command": "sort -t, -k2 -n sales.csv | tail -1 | cut -d, -f1 > answer.txt"},
                        }
                    ]
                },
                {"say": "It was March."},
            ],
        },
        {"when": {"prompt": "recall"}, "say": "Earlier prompts: {recall}."},
        {"when": {"prompt": "slowly"}, "delta_delay_seconds": 0.1, "say": "{words:60}"},
        {
            "when": {"prompt": "look around"},
            "steps": [
                {
                    "tools": [
                        {
                            "name": "Bash",
                            "input": {"command": LOOK_FOR_KEYS},
                        }
                    ]
                },
                {"say": "I looked."},
            ],
        },
    ],
    "otherwise": {"say": "Scripted: {prompt}"},
}


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with running_scripted_model(SCRIPT) as running:
        yield running


@pytest.fixture
def make_machine(tmp_path: Path, model: ScriptedModel, reports: dict[str, ProviderReport]) -> Iterator[MakeMachine]:
    """One more machine; the test is skipped, with the reason, when its kind of sandbox cannot be had here."""
    made: list[Machine] = []

    def make(name: str, provider: str, *, rtc: bool = False, person: Sequence[str] = (), **traits: Any) -> Machine:
        report = reports[provider]
        if not report.available:
            pytest.skip(f"{provider}: {report.reason}")
        config: dict[str, Any] = {"provider": provider, **traits}
        if provider == "process":
            config |= {"allow_unsandboxed": True, "allow_key_unsandboxed": True}
        machine = Machine(tmp_path / name, model.url, config=config, rtc=rtc, person=person)
        made.append(machine)
        return machine

    yield make
    for machine in made:
        if machine.process is not None:
            machine.stop()
