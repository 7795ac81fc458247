"""The figures of the end-to-end bench as a table of 100 columns, as Markdown, and as JSON."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        name: the product's samples.
        base: the samples that they are compared with, "" for none.
        aim_added_ms: at most this much above the base; 0 for no such aim.
        aim_ratio: at most this many times the base; 0 for no such aim.
        aim_ms: at most this much by itself; 0 for no such aim.
    """

    words: str
    name: str
    base: str = ""
    aim_added_ms: float = 0
    aim_ratio: float = 0
    aim_ms: float = 0

    @property
    def aim(self) -> str:
        if self.aim_added_ms:
            return f"added <= {self.aim_added_ms:g} ms"
        if self.aim_ratio:
            return f"<= {self.aim_ratio:g}x"
        return f"<= {self.aim_ms:g} ms" if self.aim_ms else ""

    def met(self, ours: float, base: float | None) -> bool | None:
        """Whether the aim is met; None without an aim, or without what it is compared with."""
        if self.aim_ms:
            return ours <= self.aim_ms
        if base is None or not (self.aim_added_ms or self.aim_ratio):
            return None
        return ours - base <= self.aim_added_ms if self.aim_added_ms else ours <= self.aim_ratio * base


FIGURES = (
    Figure("cell, cold: first text", "cell.cold.first", "cold.first"),
    Figure("cell, cold: to idle", "cell.cold.end", "cold.end"),
    Figure("cell, warm: first text", "cell.warm.first", "warm.first", aim_added_ms=20),
    Figure("cell, warm: to idle", "cell.warm.end", "warm.end", aim_added_ms=40),
    Figure("cell, 10 000 deltas: to idle", "cell.deltas.end", "deltas.end", aim_ratio=1.2),
    Figure("cell, resume: first text", "cell.resume.first", "resume.first"),
    Figure("cell, resume: to idle", "cell.resume.end", "resume.end"),
    Figure("cell, interrupt: to idle", "cell.interrupt", "interrupt"),
    Figure("panel, cold: first text painted", "panel.cold.first", "cold.first"),
    Figure("panel, warm: first text painted", "panel.warm.first", "warm.first", aim_added_ms=60),
    Figure("panel, warm: end painted", "panel.warm.end", "warm.end"),
    Figure("agent kernel, cold: first text", "kernel.cold.first", "cold.first"),
    Figure("agent kernel, warm: first text", "kernel.warm.first", "warm.first"),
    Figure("agent kernel, warm: to idle", "kernel.warm.end", "warm.end"),
    Figure("in-process, cold: first text", "inprocess.cold.first", "cold.first"),
    Figure("in-process, warm: first text", "inprocess.warm.first", "warm.first"),
    Figure("in-process, warm: to idle", "inprocess.warm.end", "warm.end"),
    Figure("%load_ext", "load_ext", aim_ms=300),
)
START_FIGURES = (
    Figure("jupyter server, start", "start.server.with", "start.server.without"),
    Figure("JupyterLab, start", "start.lab.with", "start.lab.without", aim_added_ms=150),
)
BESIDE = {
    "docker": "the SDK script in `docker run`, same image and limits",
    "local": "the SDK script on the host",
    "start": "the same start without the extension",
}


@dataclass
class Results:
    """Samples in milliseconds, by place (`docker`, `local`, `start`), side (`ours`, `bare`) and name."""

    about: dict[str, Any]
    samples: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)

    def median(self, place: str, side: str, name: str) -> float | None:
        found = self.samples.get((place, side, name))
        return statistics.median(found) if found else None

    def rows(self, place: str) -> list[tuple[Figure, float | None, float]]:
        """(figure, the base's median, the product's median) of everything that was measured there."""
        found = []
        for figure in START_FIGURES if place == "start" else FIGURES:
            ours = self.median(place, "ours", figure.name)
            if ours is not None:
                base = self.median(place, "bare", figure.base) if figure.base else None
                found.append((figure, base, ours))
        return found

    def to_json(self) -> dict[str, Any]:
        medians: dict[str, Any] = {}
        for (place, side, name), values in sorted(self.samples.items()):
            one = {"median_ms": statistics.median(values), "samples_ms": values}
            medians.setdefault(place, {}).setdefault(side, {})[name] = one
        return {"about": self.about, "figures": medians, "could_not_run": self.failures}


def plain(results: Results) -> str:
    """The table for a terminal."""
    lines = [f"{name}: {value}" for name, value in results.about.items()]
    for place, beside in BESIDE.items():
        rows = results.rows(place)
        if not rows:
            continue
        lines += ["", f"{place}, beside {beside} (medians)"]
        lines.append(f"{'':<33}{'base ms':>9}{'ours ms':>9}{'ratio':>8}{'added ms':>10}{'n':>4}  {'aim':<17}met")
        for figure, base, ours in rows:
            count = len(results.samples[place, "ours", figure.name])
            compared = f"{base:>9.0f}{ours:>9.0f}{ours / base:>8.2f}{ours - base:>+10.0f}" if base else (
                f"{'-':>9}{ours:>9.0f}{'-':>8}{'-':>10}")  # fmt: skip
            met = {True: "yes", False: "no", None: ""}[figure.met(ours, base)]
            lines.append(f"{figure.words:<33}{compared}{count:>4}  {figure.aim:<17}{met:<4}".rstrip())
    lines += ["", "Could not run:", *results.failures] if results.failures else []
    return "\n".join(lines)


def markdown(results: Results) -> str:
    """The tables as the README shows them."""
    lines: list[str] = []
    for place, beside in BESIDE.items():
        rows = results.rows(place)
        if not rows:
            continue
        where = "" if place == "start" else f"{place.capitalize()}: "
        lines += [f"| {where}beside {beside} | base | here | ratio | added | aim |", "|---|---|---|---|---|---|"]
        for figure, base, ours in rows:
            words = f"`{figure.words}`" if figure.words.startswith("%") else figure.words
            compared = f"{_time(base)} | {_time(ours)} | {ours / base:.2f} | {ours - base:+.0f} ms" if base else (
                f" | {_time(ours)} | | ")  # fmt: skip
            lines.append(f"| {words} | {compared} | {figure.aim.replace('<=', '≤').replace('x', '')} |")
        lines.append("")
    lines += ["Could not run:", *(f"* {one}" for one in results.failures)] if results.failures else []
    return "\n".join(lines).rstrip()


def _time(milliseconds: float | None) -> str:
    if milliseconds is None:
        return ""
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f} s"
