"""The price table against the CLI's own cost of the same usage, and the command that prints it."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import pytest
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ResultMessage

from jupyter_agent_host.cli import main
from jupyter_agent_host.host.gateway import Tokens, cost_usd
from jupyter_agent_host.host.gateway.model import model_prices
from jupyter_agent_host.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio

MILLION = 1_000_000

KNOWN = (
    "claude-fable-5-2",
    "claude-fable-5-1",
    "claude-fable-5",
    "claude-mythos-5-2",
    "claude-mythos-5-1",
    "claude-mythos-5",
    "claude-opus-5-5",
    "claude-opus-5",
    "claude-opus-4-8",
    "claude-opus-4-7",
    "claude-opus-4-6",
    "claude-opus-4-5-20251101",
    "claude-opus-4-1-20250805",
    "claude-opus-4-20250514",
    "claude-sonnet-5-5",
    "claude-sonnet-5",
    "claude-sonnet-4-6",
    "claude-sonnet-4-5-20250929",
    "claude-sonnet-4-20250514",
    "claude-3-7-sonnet-20250219",
    "claude-haiku-5-5",
    "claude-haiku-4-5-20251001",
    "claude-3-5-haiku-20241022",
)
BANDED = ("claude-haiku-5-5", "claude-sonnet-5-5")
"""Asked with a prompt on both sides of the limit; the second has one price for both."""

UNKNOWN_TO_THE_CLI = ("claude-3-opus-20240229", "claude-3-haiku-20240307", "claude-opus-9")

USAGE = Tokens(
    input_tokens=1_000,
    output_tokens=700,
    cache_read_input_tokens=30_000,
    cache_creation_input_tokens=5_000,
    cache_creation_1h_input_tokens=2_000,
)
LONG = Tokens(input_tokens=60_000, output_tokens=700, cache_read_input_tokens=40_001)
LIMIT = Tokens(input_tokens=60_000, output_tokens=700, cache_read_input_tokens=40_000)


def as_script(usage: Tokens) -> dict[str, int]:
    return {name: getattr(usage, name) for name in USAGE.__dataclass_fields__}


async def cli_costs(folder: Path, models: tuple[str, ...]) -> dict[tuple[str, str], float]:
    """What the CLI says each request cost, by the model that it asked for and the prompt."""
    usages = {"plain": USAGE, "long": LONG, "limit": LIMIT}
    script = {"rules": [{"when": {"prompt": n}, "say": "ok", "usage": as_script(u)} for n, u in usages.items()]}
    costs: dict[tuple[str, str], float] = {}
    before = 0.0
    async with ScriptedModel(script) as model:
        options = ClaudeAgentOptions(
            tools=[],
            setting_sources=[],
            system_prompt="x",
            cwd=folder,
            env={
                "ANTHROPIC_BASE_URL": model.url,
                "ANTHROPIC_API_KEY": "k",
                "CLAUDE_CONFIG_DIR": str(folder / "c"),
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "CLAUDE_CODE_DISABLE_LEGACY_MODEL_REMAP": "1",
            },
        )
        async with ClaudeSDKClient(options) as client:
            for name in models:
                await client.set_model(name)
                for prompt in usages if name in BANDED else ("plain",):
                    asked = len(model.messages)
                    await client.query(prompt)
                    async for message in client.receive_response():
                        if isinstance(message, ResultMessage):
                            total = message.total_cost_usd or 0.0
                            costs[name, prompt] = total - before
                            before = total
                    sent = [request.body["model"] for request in model.messages[asked:]]
                    assert sent == [name], "the CLI asked once, for the model that was chosen"
    return costs


async def test_the_table_agrees_with_the_clis_own_cost(tmp_path: Path) -> None:
    costs = await cli_costs(tmp_path, KNOWN)
    ours = {
        (name, prompt): cost_usd(name, usage)
        for name in KNOWN
        for prompt, usage in (("plain", USAGE), ("long", LONG), ("limit", LIMIT))
        if prompt == "plain" or name in BANDED
    }
    assert costs == pytest.approx(ours, rel=1e-6)


async def test_what_the_cli_does_not_know_is_named_and_priced_by_us(tmp_path: Path) -> None:
    costs = await cli_costs(tmp_path, UNKNOWN_TO_THE_CLI)
    for name in UNKNOWN_TO_THE_CLI:
        said, ours = costs[name, "plain"], cost_usd(name, USAGE)
        sys.stdout.write(f"the CLI has no price for {name}: it says {said:.6f}, we say {ours:.6f}\n")
        # Its own fallback, so that this test notices a CLI that has learned the model.
        assert costs[name, "plain"] == pytest.approx(cost_usd("opus", USAGE), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("fable", "claude-fable-5-2"),
        ("opus", "claude-opus-5-5"),
        ("sonnet", "claude-sonnet-5-5"),
        ("haiku", "claude-haiku-5-5"),
    ],
)
def test_short_names_cost_what_the_newest_of_the_family_costs(name: str, same: str) -> None:
    for usage in (USAGE, LONG):
        assert cost_usd(name, usage) == cost_usd(same, usage)


def test_an_override_holds_for_every_band() -> None:
    own = {"claude-haiku-*": (3.0, 4.0, 0.0, 0.0)}
    assert cost_usd("claude-haiku-5-5", Tokens(input_tokens=MILLION), own) == pytest.approx(3)
    assert cost_usd("claude-haiku-5-5", Tokens(input_tokens=10), own) == pytest.approx(30 / MILLION)


def test_the_command_prints_every_row_and_says_when_it_is_old(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    last = model_prices.PRICES_DATE + dt.timedelta(days=model_prices.PRICES_STALE_DAYS)
    assert not model_prices.is_stale(last)
    assert model_prices.is_stale(last + dt.timedelta(days=1))
    assert main(["prices"]) == 0
    shown = capsys.readouterr().out
    assert str(model_prices.PRICES_DATE) in shown
    assert model_prices.PRICES_SOURCE in shown
    assert all(f"\n{row.pattern} " in shown for row in model_prices.PRICES)
    assert "over 100000" in shown
    assert main(["prices", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["bands"][0]["input_usd"] == 8
    monkeypatch.setattr("jupyter_agent_host.cli.prices.PRICES_STALE_DAYS", -1)
    monkeypatch.setattr("jupyter_agent_host.host.gateway.model.model_prices.PRICES_STALE_DAYS", -1)
    assert main(["prices"]) == 0
    assert "upgrade jupyter-agent-host or set AgentHost.prices" in capsys.readouterr().err
