"""What a request probably cost. An estimate for budgets and footers, not a bill: list prices change, discounts differ.

The rows are US dollars per million tokens: input, output, cache read (0.1 of input), cache write (1.25 of input). Cache
kept for an hour is written at twice the input price.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from jupyter_agent_host.host.gateway.notebook_scope import Tokens

Row = tuple[float, float, float, float]

_HOUR_WRITE = 2.0
_MILLION = 1_000_000


def _row(input_usd: float, output_usd: float) -> Row:
    return input_usd, output_usd, 0.1 * input_usd, 1.25 * input_usd


PRICES: dict[str, Row] = {
    "claude-3-opus*": _row(15, 75),
    "claude-opus-4-0*": _row(15, 75),
    "claude-opus-4-1*": _row(15, 75),
    "claude-opus-4-2025*": _row(15, 75),
    "claude-*opus*": _row(5, 25),
    "claude-*sonnet*": _row(3, 15),
    "claude-*haiku*": _row(1, 5),
}
"""The first glob that matches holds."""


def price(model: str, overrides: Mapping[str, Row]) -> Row:
    """The row for a model; an unknown one gets the dearest of all, so that a budget errs on the safe side."""
    for pattern, row in (*overrides.items(), *PRICES.items()):
        if fnmatchcase(model, pattern):
            return row
    return max((*overrides.values(), *PRICES.values()), key=lambda row: row[:2])


def cost_usd(model: str, usage: Tokens, overrides: Mapping[str, Row] | None = None) -> float:
    """Estimated US dollars of one request."""
    input_usd, output_usd, read_usd, write_usd = price(model, overrides or {})
    hour = min(usage.cache_creation_1h_input_tokens, usage.cache_creation_input_tokens)
    return (
        usage.input_tokens * input_usd
        + usage.output_tokens * output_usd
        + usage.cache_read_input_tokens * read_usd
        + (usage.cache_creation_input_tokens - hour) * write_usd
        + hour * max(write_usd, _HOUR_WRITE * input_usd)
    ) / _MILLION
