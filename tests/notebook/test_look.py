"""Looking at variables and functions: what is told of good ones, and that bad ones do nothing."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import hostile_names
import numpy as np
import pandas as pd
import polars as pl
import pytest

from jupyter_agent_host.kernel_inspector.comm_target import Door


def door(**names: Any) -> Door:
    return Door(SimpleNamespace(user_ns=names, user_ns_hidden={}))


def listed(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in found["variables"]}


def test_good_values_are_told_with_shape_type_memory_and_head() -> None:
    frame = pd.DataFrame({"month": ["Jan", "Feb"], "sales": [1.5, 2.5], "day": pd.to_datetime(["2026-01-02"] * 2)})
    look = door(
        df=frame,
        array=np.arange(6, dtype="int32").reshape(2, 3),
        column=frame["sales"],
        table=pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        lazy=pl.DataFrame({"a": [1]}).lazy(),
        n=3,
        name="Ada",
        items={"a": [1, 2], "b": None},
        plain=SimpleNamespace(x=1, y="two"),
        _private=1,
    )
    rows = listed(look.answer({"op": "variables"}))
    assert set(rows) == {"df", "array", "column", "table", "lazy", "n", "name", "items", "plain"}
    assert (rows["df"]["type"], rows["df"]["shape"]) == ("pandas.DataFrame", [2, 3])
    assert (rows["array"]["dtype"], rows["array"]["nbytes"]) == ("int32", 24)
    assert (rows["n"]["value"], rows["name"]["length"]) == ("3", 3)
    assert rows["items"]["value"] == "{'a': [1, 2], 'b': None}"
    described = look.answer({"op": "describe", "name": "df"})
    assert described["columns"]["sales"] == "float64"
    assert described["head"][0] == "month | sales | day"
    assert described["head"][1] == "'Jan' | 1.5 | 2026-01-02 00:00:00"
    assert look.answer({"op": "describe", "name": "table"})["head"][1] == "1 | 'x'"
    assert look.answer({"op": "describe", "name": "array"})["head"] == ["0, 1, 2", "3, 4, 5"]
    assert look.answer({"op": "describe", "name": "plain"})["attributes"] == {"x": "1", "y": "'two'"}
    assert "lazy" in look.answer({"op": "describe", "name": "lazy"})["note"]
    assert listed(look.answer({"op": "variables", "pattern": "d*"})) == {"df": rows["df"]}


HOSTILE = hostile_names.namespace()


@pytest.mark.parametrize("name", [name for name in HOSTILE if type(name) is str])
def test_a_hostile_value_is_described_at_once_and_never_run(name: str) -> None:
    look = Door(SimpleNamespace(user_ns=HOSTILE, user_ns_hidden={}))
    hostile_names.TOUCHED.clear()
    began = time.monotonic()
    found = look.answer({"op": "describe", "name": name})
    assert time.monotonic() - began < 1
    assert "error" not in found, found
    assert found.get("type") or found.get("kind")
    assert len(json.dumps(found)) < 20_000
    assert hostile_names.TOUCHED == []


def test_a_hostile_namespace_is_listed_at_once_and_never_run() -> None:
    look = Door(SimpleNamespace(user_ns=HOSTILE, user_ns_hidden={}))
    hostile_names.TOUCHED.clear()
    began = time.monotonic()
    found = look.answer({"op": "variables", "modules": True})
    assert time.monotonic() - began < 1
    assert hostile_names.TOUCHED == []
    rows = listed(found)
    assert found["not_strings"] == 3
    assert rows["big_array"]["nbytes"] == 10_000_000_000
    assert rows["blocks"]["type"] == "hostile_names.Blocks"
    assert rows["integer"]["value"].startswith("<integer of 16609641 bits>")
    assert rows["lying_text"]["value"] == "LyingText('abc')"
    assert rows["nested"]["value"] == (
        "{'a': [<hostile_names.Blocks object>, <hostile_names.Raises object>], <hostile_names.Raises object>: 1}"
    )


def sales(month: str, top: int = 3, *, kind: Literal["net", "gross"] = "net", tags: list[str] | None = None) -> float:
    """Sales of a month."""
    return 0.0


class Model:
    """A model."""

    def __init__(self, depth: int) -> None:
        self.depth = depth

    def fit(self, rows: list[int]) -> None:
        """Learn."""

    @property
    def trap(self) -> Any:
        """Never run."""
        hostile_names.TOUCHED.append("property")
        return 1


def test_functions_are_told_by_signature_schema_documentation_and_source() -> None:
    look = door(sales=sales, model=Model(3), Model=Model, partial=partial(sales, "Jan"), np=np, n=3)
    told = look.answer({"op": "describe", "name": "sales"})
    assert told["signature"].startswith("(month: str, top: int = 3, *, kind: ")
    assert told["doc"] == "Sales of a month."
    assert told["source"].startswith("def sales(")
    offered = look.answer({"op": "function", "name": "sales"})
    assert offered["callable"]
    assert offered["schema"]["required"] == ["month"]
    properties = offered["schema"]["properties"]
    assert properties["month"] == {"type": "string"}
    assert properties["top"] == {"type": "integer", "description": "default: 3"}
    assert look.answer({"op": "describe", "name": "model.fit"})["doc"] == "Learn."
    assert look.answer({"op": "function", "name": "Model"})["signature"] == "(depth: int)"
    assert look.answer({"op": "function", "name": "n"}) == {"callable": False}
    assert look.answer({"op": "function", "name": "len"})["callable"] is False
    assert "ndarray" in look.answer({"op": "describe", "name": "np.ndarray"})["defined"]
    assert "no attribute" in look.answer({"op": "describe", "name": "model.nothing"})["error"]
    assert look.answer({"op": "describe", "name": "model.trap"})["doc"] == "Never run."
    assert hostile_names.TOUCHED == []


def test_annotations_as_text_make_the_same_schema() -> None:
    space: dict[str, Any] = {}
    exec("from __future__ import annotations\ndef f(a: int, b: 'str' = 'x', *c, **d): ...", space)  # noqa: S102
    offered = door(f=space["f"]).answer({"op": "function", "name": "f"})
    assert offered["schema"]["properties"]["a"] == {"type": "integer"}
    assert offered["schema"]["additionalProperties"] is True
    assert offered["signature"] == "(a: int, b: 'str' = 'x', *c, **d)"


def test_nothing_is_imported_for_a_look() -> None:
    before = set(sys.modules)
    door(n=1, text="x").answer({"op": "variables"})
    assert set(sys.modules) == before


def test_times_numbers_and_paths_are_told_by_their_text() -> None:
    class Odd(dt.tzinfo):
        utcoffset = tzname = dst = hostile_names._trap

    class Timestamp:
        __module__ = "pandas"
        __str__ = __repr__ = hostile_names._trap

    hostile_names.TOUCHED.clear()
    look = door(
        now=dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC),
        odd=dt.datetime(2026, 1, 2, tzinfo=Odd()),
        fake=Timestamp(),
        price=Decimal("1.50"),
        data=Path("/data"),
        stamp=pd.Timestamp("2026-01-02", tz="Europe/Berlin"),
        nothing=[pd.NaT, pd.NA, dt.date(2026, 1, 2)],
        counts={"a": np.int64(3), "b": np.datetime64("2026-01-02")},
        day=np.array(["2026-01-02"], dtype="datetime64[D]"),
        later=(n for n in range(3)),
    )
    rows = listed(look.answer({"op": "variables"}))
    shown = {name: row["value"] for name, row in rows.items() if "value" in row}
    assert shown == {
        "now": "2026-01-02 03:00:00+00:00",
        "odd": "<datetime.datetime object>",
        "fake": "<pandas.test_times_numbers_and_paths_are_told_by_their_text.<locals>.Timestamp object>",
        "price": "1.50",
        "data": f"{type(Path()).__name__}('/data')",
        "stamp": "2026-01-02 00:00:00+01:00",
        "nothing": "[<NaT>, <NA>, 2026-01-02]",
        "counts": "{'a': int64(3), 'b': datetime64(2026-01-02)}",
        "later": "<builtins.generator object>",
    }
    assert rows["later"]["nbytes"] < 10_000
    assert look.answer({"op": "describe", "name": "day"})["head"] == ["2026-01-02"]
    assert hostile_names.TOUCHED == []


def test_rows_are_told_with_what_they_are_called() -> None:
    index = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["kind", None])
    look = door(
        index=index,
        months=pd.period_range("2026-01", periods=3, freq="M"),
        frame=pd.DataFrame({"v": range(4)}, index=index),
        wide=pd.DataFrame(np.zeros((1, 2000))),
    )
    assert look.answer({"op": "describe", "name": "index"})["names"] == "kind"
    assert look.answer({"op": "describe", "name": "months"})["head"] == ["2026-01, 2026-02, 2026-03"]
    told = look.answer({"op": "describe", "name": "frame"})
    assert told["index"] == "MultiIndex (kind): ('a', 1), ('a', 2), ('b', 1), ('b', 2)"
    wide = listed(look.answer({"op": "variables"}))["wide"]
    assert wide["shape"] == [1, 2000]
    assert "nbytes" not in wide, "the size of the object alone would be taken for that of the table"


def test_labelled_lazy_and_sparse_data_is_told_and_not_computed() -> None:
    arrays, lazy = pytest.importorskip("xarray"), pytest.importorskip("dask.array")
    sparse, arrow = pytest.importorskip("scipy.sparse"), pytest.importorskip("pyarrow")
    big = lazy.ones((100_000, 100_000), chunks=10_000)
    look = door(
        weather=arrays.Dataset({"t": (("x", "y"), np.zeros((2, 3)))}, coords={"x": [1, 2]}),
        here=arrays.DataArray(np.ones((2, 2)), dims=("a", "b")),
        later=arrays.DataArray(big, dims=("a", "b")),
        big=big,
        eye=sparse.csr_array(np.eye(3)),
        table=arrow.table({"n": [1, 2], "s": ["x", None]}),
    )

    def told(name: str) -> dict[str, Any]:
        found: dict[str, Any] = look.answer({"op": "describe", "name": name})
        return found

    assert told("weather")["columns"] == {"t": "(x, y) float64", "x": "(x) int64"}
    assert told("weather")["note"] == "dimensions x: 2, y: 3"
    assert told("here")["head"] == ["1.0, 1.0", "1.0, 1.0"]
    assert "lazy" in told("later")["note"]
    assert (told("big")["shape"], told("big")["nbytes"]) == ([100_000, 100_000], 80_000_000_000)
    assert told("eye")["note"] == "sparse, 3 stored elements"
    assert told("table")["columns"] == {"n": "int64", "s": "string"}
    assert told("table")["head"] == ["n | s", "1 | 'x'", "2 | None"]
    assert all("error" not in told(name) for name in ("weather", "here", "later", "big", "eye", "table"))
