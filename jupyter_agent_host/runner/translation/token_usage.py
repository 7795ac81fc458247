"""What one turn cost. The CLI counts from the start of its process, so a turn is the difference of two totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claude_agent_sdk import ResultMessage

from jupyter_agent_host.protocol.events import Usage

_COUNTERS = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_read_input_tokens": "cacheReadInputTokens",
    "cache_creation_input_tokens": "cacheCreationInputTokens",
}


class TurnUsageMeter:
    """One per CLI process. Totals that fell were reset inside it (`/clear`): they count from 0 again."""

    def __init__(self) -> None:
        self._cost_usd = 0.0
        self._tokens = dict.fromkeys(_COUNTERS, 0)

    def turn(self, result: ResultMessage) -> tuple[Usage, float]:
        """Tokens (all models, subagents included) and US dollars since the last result."""
        total = result.total_cost_usd or 0.0
        tokens = _totals(result.model_usage or {})
        if result.is_error and total == 0 and not any(tokens.values()):
            return Usage(), 0.0  # a failed call reports zeros, which say nothing about the process
        cost = total - self._cost_usd if total >= self._cost_usd else total
        used = {name: _grown(count, self._tokens[name]) for name, count in tokens.items()}
        self._cost_usd, self._tokens = total, tokens
        return Usage(**used), cost


def context_tokens(usage: Mapping[str, Any] | None) -> int:
    """How much of the context window one model response filled, its own words included."""
    return sum(_count((usage or {}).get(name)) for name in _COUNTERS)


def _totals(model_usage: Mapping[str, Any]) -> dict[str, int]:
    return {
        name: sum(_count(usage.get(camel)) for usage in model_usage.values() if isinstance(usage, dict))
        for name, camel in _COUNTERS.items()
    }


def _grown(total: int, before: int) -> int:
    return total - before if total >= before else total


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
