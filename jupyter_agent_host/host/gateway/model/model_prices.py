"""What a request probably cost: an estimate for budgets and footers, not a bill. List prices change, discounts differ.

A price holds for one model and, where the API charges by the length of the prompt, for one band of it. A request is
charged as a whole at its band's prices, output included. The prompt is everything that was sent: uncached, read from
the cache and written to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from jupyter_agent_host.host.gateway.notebook_scope import Tokens

Row = tuple[float, float, float, float]
"""An override, in US dollars per million tokens: input, output, cache read, cache write."""

PRICES_DATE = dt.date(2026, 11, 24)
"""The day of which the figures are: that of the CLI whose own table they were compared with."""

PRICES_SOURCE = "https://platform.claude.com/docs/en/about-claude/pricing"
PRICES_STALE_DAYS = 90

_WRITE, _HOUR_WRITE = 1.25, 2.0
_MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens. `above_prompt_tokens`: the band holds for prompts longer than this."""

    input_usd: float
    output_usd: float
    cache_read_usd: float
    cache_write_usd: float
    cache_write_1h_usd: float
    above_prompt_tokens: int = 0


@dataclass(frozen=True)
class PriceRow:
    """The prices of the models that fit `pattern`; the bands in ascending order, the first one from 0."""

    pattern: str
    bands: tuple[Price, ...]

    def band(self, prompt_tokens: int) -> Price:
        return [band for band in self.bands if prompt_tokens > band.above_prompt_tokens or band is self.bands[0]][-1]


def _price(input_usd: float, output_usd: float, *, read: float = 0.1, above: int = 0) -> Price:
    """`read`: price of a cached token as a part of the input price. The factors of writing are the same for all."""
    return Price(input_usd, output_usd, read * input_usd, _WRITE * input_usd, _HOUR_WRITE * input_usd, above)


def _row(pattern: str, *bands: Price) -> PriceRow:
    return PriceRow(pattern, bands)


PRICES: tuple[PriceRow, ...] = (
    _row("*fable-5-2*", _price(8, 40, read=0.025)),
    _row("*fable-5-1*", _price(10, 50, read=0.025)),
    _row("*fable-5*", _price(10, 50)),
    _row("*mythos-5-2*", _price(8, 40, read=0.025)),
    _row("*mythos-5-1*", _price(10, 50, read=0.025)),
    _row("*mythos-5*", _price(10, 50)),
    _row("*opus-5-5*", _price(4, 20, read=0.05)),
    _row("*opus-5*", _price(5, 25)),
    _row("*opus-4-[5678]*", _price(5, 25)),
    _row("*opus-4*", _price(15, 75)),
    _row("*3-opus*", _price(15, 75)),
    _row("*sonnet-5-5*", _price(2, 10, read=0.05)),
    _row("*sonnet-5*", _price(2, 10)),
    _row("*sonnet-4*", _price(3, 15)),
    _row("*3*sonnet*", _price(3, 15)),
    _row("*haiku-5-5*", _price(0.1, 0.5), _price(0.5, 2.5, above=100_000)),
    _row("*haiku-4-5*", _price(1, 5)),
    _row("*3-5-haiku*", _price(0.8, 4)),
    _row("*3-haiku*", _price(0.25, 1.25)),
    # Short names, for the newest of each family.
    _row("fable", _price(8, 40, read=0.025)),
    _row("opus", _price(4, 20, read=0.05)),
    _row("sonnet", _price(2, 10, read=0.05)),
    _row("haiku", _price(0.1, 0.5), _price(0.5, 2.5, above=100_000)),
    # Models newer than the table: the dearest current price of their family.
    _row("*fable*", _price(10, 50)),
    _row("*mythos*", _price(10, 50)),
    _row("*opus*", _price(5, 25)),
    _row("*sonnet*", _price(3, 15)),
    _row("*haiku*", _price(1, 5)),
)
"""The first row whose glob matches holds."""


def price_row(model: str, overrides: Mapping[str, Row]) -> PriceRow:
    """The row for a model; an unknown one gets the dearest of all, so that a budget errs on the safe side."""
    rows = (*(_own(pattern, row) for pattern, row in overrides.items()), *PRICES)
    for row in rows:
        if fnmatchcase(model, row.pattern):
            return row
    return max(rows, key=lambda row: (row.bands[-1].input_usd, row.bands[-1].output_usd))


def cost_usd(model: str, usage: Tokens, overrides: Mapping[str, Row] | None = None) -> float:
    """Estimated US dollars of one request."""
    prompt = usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens
    price = price_row(model, overrides or {}).band(prompt)
    hour = min(usage.cache_creation_1h_input_tokens, usage.cache_creation_input_tokens)
    return (
        usage.input_tokens * price.input_usd
        + usage.output_tokens * price.output_usd
        + usage.cache_read_input_tokens * price.cache_read_usd
        + (usage.cache_creation_input_tokens - hour) * price.cache_write_usd
        + hour * price.cache_write_1h_usd
    ) / _MILLION


def is_stale(today: dt.date) -> bool:
    """Whether the table is older than `PRICES_STALE_DAYS`."""
    return (today - PRICES_DATE).days > PRICES_STALE_DAYS


def _own(pattern: str, row: Row) -> PriceRow:
    input_usd, output_usd, read_usd, write_usd = row
    return PriceRow(
        pattern, (Price(input_usd, output_usd, read_usd, write_usd, max(write_usd, _HOUR_WRITE * input_usd)),)
    )
