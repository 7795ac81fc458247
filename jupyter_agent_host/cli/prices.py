"""`jupyter agent-host prices`: what the estimates of cost are made from."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import sys
from typing import Any

import msgspec

from jupyter_agent_host.host.gateway.model.model_prices import (
    PRICES,
    PRICES_DATE,
    PRICES_SOURCE,
    PRICES_STALE_DAYS,
    Price,
    PriceRow,
    is_stale,
)

_COLUMNS = ("model", "prompt", "input", "output", "cache read", "cache write", "for an hour")


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "prices",
        help="the price table that estimates of cost use",
        description="Print the built-in price table, in US dollars per million tokens, with its date and source. The "
        "first row that matches a model holds; AgentHost.prices overrides it.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the table; 0, also when it is old, which standard error says."""
    today = dt.datetime.now(dt.UTC).date()
    if args.json:
        rows = [dataclasses.asdict(row) for row in PRICES]
        table = {"date": PRICES_DATE, "source": PRICES_SOURCE, "stale": is_stale(today), "rows": rows}
        print(msgspec.json.encode(table).decode())
    else:
        print(f"US dollars per million tokens, as of {PRICES_DATE} ({PRICES_SOURCE})\n")
        print("\n".join(_table()))
    if is_stale(today):
        print(
            f"This table is {(today - PRICES_DATE).days} days old, more than {PRICES_STALE_DAYS}: compare it with its "
            "source, then upgrade jupyter-agent-host or set AgentHost.prices.",
            file=sys.stderr,
        )
    return 0


def _table() -> list[str]:
    lines = [_COLUMNS, *(_cells(row, band) for row in PRICES for band in row.bands)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _cells(row: PriceRow, band: Price) -> tuple[str, ...]:
    figures = (band.input_usd, band.output_usd, band.cache_read_usd, band.cache_write_usd, band.cache_write_1h_usd)
    return row.pattern, _prompt(row, band), *(f"{figure:g}" for figure in figures)


def _prompt(row: PriceRow, band: Price) -> str:
    if len(row.bands) == 1:
        return "any"
    following = [
        other.above_prompt_tokens for other in row.bands if other.above_prompt_tokens > band.above_prompt_tokens
    ]
    return f"up to {following[0]}" if following else f"over {band.above_prompt_tokens}"
