"""Arrays, tables and tensors of the libraries that everybody uses: shape, types, memory, first rows.

Only exact types of libraries that are loaded. Their own accessors are called, never those of elements; nothing is
computed over a whole column, nothing lazy is collected, no device is waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .static_attributes import loaded, names_of, plain
from .value_preview import preview

Recognise = Callable[[type], type | None]

_ROWS = 5
_COLUMNS = 12
_MOST_COLUMNS = 1000
_FLAT = 2
_CELL = 40
_INDEXES = (
    "Index",
    "RangeIndex",
    "DatetimeIndex",
    "MultiIndex",
    "CategoricalIndex",
    "PeriodIndex",
    "TimedeltaIndex",
    "IntervalIndex",
)
_MAX_ITEM_BYTES = 10_000


def facts(value: object) -> dict[str, Any] | None:
    """{shape, dtype | columns, nbytes, note} of a known type; None for every other."""
    for recognise, describe in _KINDS:
        cls = recognise(type(value))
        if cls is not None:
            return describe(value, cls)
    return None


def exact(module: str, name: str) -> Recognise:
    def recognise(cls: type) -> type | None:
        wanted = loaded(module, name)
        return wanted if cls is wanted and wanted is not None else None

    return recognise


def _array_class(cls: type) -> type | None:
    """Numpy's array, or a subclass (`memmap`, `matrix`), which is read as a plain array."""
    wanted = loaded("numpy", "ndarray")
    return wanted if wanted is not None and issubclass(cls, wanted) else None


def _scalar_class(cls: type) -> type | None:
    wanted = loaded("numpy", "generic")
    return wanted if wanted is not None and issubclass(cls, wanted) and names_of(cls)[0] == "numpy" else None


def _array(value: Any, ndarray: Any) -> dict[str, Any]:
    plain_view = ndarray.view(value, ndarray)
    shape = [int(size) for size in plain_view.shape]
    dtype = plain_view.dtype
    return {
        "shape": shape,
        "dtype": dtype_name(dtype),
        "nbytes": int(plain_view.nbytes),
        "head": array_head(plain_view, shape) if dtype.itemsize <= _MAX_ITEM_BYTES else [],
    }


def array_head(view: Any, shape: list[int]) -> list[str]:
    if not shape:
        return [preview(view.item(), _CELL)]
    if 0 in shape:
        return []
    if len(shape) == 1:
        return [", ".join(preview(item, _CELL) for item in view[: 2 * _ROWS].tolist())]
    while view.ndim > _FLAT:
        view = view[0]
    return [", ".join(preview(item, _CELL) for item in row) for row in view[:_ROWS, :_COLUMNS].tolist()]


def _scalar(value: Any, _generic: type) -> dict[str, Any]:
    return {"dtype": dtype_name(value.dtype), "nbytes": int(value.nbytes), "value": preview(value, 200)}


def dtype_name(dtype: Any) -> str:
    """A dtype's name, if the library made it: another's dtype would run that other's code."""
    module, name = names_of(type(dtype))
    if module.partition(".")[0] in ("numpy", "pandas", "polars", "pyarrow", "torch", "xarray"):
        return plain(str(dtype))
    return f"{module}.{name}"


def _frame(value: Any, _cls: type) -> dict[str, Any]:
    rows, columns = value.shape
    some = value.iloc[:_ROWS, :_COLUMNS]
    labels = [_label(label) for label in some.columns.tolist()]
    described = value.iloc[:0, : 4 * _COLUMNS]
    names = [_label(label) for label in described.columns.tolist()]
    return {
        "shape": [int(rows), int(columns)],
        "columns": dict(zip(names, [dtype_name(dtype) for dtype in described.dtypes.tolist()], strict=False)),
        "nbytes": _pandas_bytes(value, columns),
        **_labels(value.index),
        "head": [" | ".join(labels), *_rows([_series_cells(some.iloc[:, at]) for at in range(len(labels))])],
    }


def _labels(index: Any) -> dict[str, str]:
    """What the rows are called, unless they are only numbered."""
    cls = type(index)
    if cls is loaded("pandas", "RangeIndex") or cls not in [loaded("pandas", name) for name in _INDEXES]:
        return {}
    names = ", ".join(_label(name) for name in index.names if name is not None)
    heads = _index_cells(index[:_ROWS])
    more = ", …" if len(index) > _ROWS else ""
    return {"index": f"{names_of(cls)[1]}{f' ({names})' if names else ''}: {', '.join(heads)}{more}"}


def _label(label: object) -> str:
    return plain(label, _CELL) if type(label) is str else preview(label, _CELL)


def _pandas_bytes(value: Any, columns: int) -> int | None:
    if columns > _MOST_COLUMNS:  # a column at a time would take too long
        return None
    return int(value.memory_usage(index=True, deep=False).sum())


def _series(value: Any, _cls: type) -> dict[str, Any]:
    some = value.iloc[: 2 * _ROWS]
    return {
        "shape": [int(size) for size in value.shape],
        "dtype": dtype_name(value.dtype),
        "nbytes": int(value.nbytes),
        **_labels(value.index),
        "head": [", ".join(_series_cells(some))],
    }


def _series_cells(series: Any) -> list[str]:
    module = names_of(type(series.dtype))[0].partition(".")[0]
    if module not in ("numpy", "pandas"):
        return ["…"] * len(series)  # an extension's elements are its own code
    return [preview(item, _CELL) for item in series.tolist()]


def _rows(columns: list[list[str]]) -> list[str]:
    return [" | ".join(cells) for cells in zip(*columns, strict=False)]


def _index(value: Any, _cls: type) -> dict[str, Any]:
    names = [_label(name) for name in value.names if name is not None]
    return {
        "shape": [int(size) for size in value.shape],
        "dtype": dtype_name(value.dtype),
        "nbytes": int(value.nbytes),
        **({"names": ", ".join(names)} if names else {}),
        "head": [", ".join(_index_cells(value[: 2 * _ROWS]))],
    }


def _index_cells(some: Any) -> list[str]:
    module = names_of(type(some.dtype))[0].partition(".")[0]
    return [preview(item, _CELL) for item in some.tolist()] if module in ("numpy", "pandas") else ["…"] * len(some)


def _polars_frame(value: Any, _cls: type) -> dict[str, Any]:
    rows, columns = value.shape
    some = value[:_ROWS, :_COLUMNS]
    kinds = [dtype_name(dtype) for dtype in value.dtypes[: 4 * _COLUMNS]]
    return {
        "shape": [int(rows), int(columns)],
        "columns": dict(zip([_label(name) for name in value.columns], kinds, strict=False)),
        "nbytes": int(value.estimated_size()) if columns <= _MOST_COLUMNS else None,
        "head": [
            " | ".join(_label(name) for name in some.columns),
            *(" | ".join(preview(item, _CELL) for item in row) for row in some.rows()),
        ],
    }


def _polars_series(value: Any, _cls: type) -> dict[str, Any]:
    return {
        "shape": [len(value)],
        "dtype": dtype_name(value.dtype),
        "nbytes": int(value.estimated_size()),
        "head": [", ".join(preview(item, _CELL) for item in value[: 2 * _ROWS].to_list())],
    }


def _lazy(_value: object, _cls: type) -> dict[str, Any]:
    return {"note": "lazy: nothing is computed until it is collected"}


def _tensor(value: Any, _cls: type) -> dict[str, Any]:
    found: dict[str, Any] = {
        "shape": [int(size) for size in value.shape],
        "dtype": plain(str(value.dtype)),
        "nbytes": int(value.element_size() * value.nelement()),
        "note": f"on {plain(str(value.device))}",
    }
    if value.device.type == "cpu" and value.layout == value.new_empty(0).layout and 0 not in found["shape"]:
        flat = value.detach()
        while flat.dim() > _FLAT:
            flat = flat[0]
        some = flat[:_ROWS, :_COLUMNS].tolist() if flat.dim() == _FLAT else [flat.reshape(-1)[: 2 * _ROWS].tolist()]
        found["head"] = [", ".join(preview(item, _CELL) for item in row) for row in some]
    return found


_KINDS = (
    (_array_class, _array),
    (_scalar_class, _scalar),
    (exact("pandas", "DataFrame"), _frame),
    (exact("pandas", "Series"), _series),
    *((exact("pandas", name), _index) for name in _INDEXES),
    (exact("polars", "DataFrame"), _polars_frame),
    (exact("polars", "Series"), _polars_series),
    (exact("polars", "LazyFrame"), _lazy),
    (exact("torch", "Tensor"), _tensor),
)
