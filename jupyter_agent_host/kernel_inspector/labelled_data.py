"""Labelled, lazy, sparse and columnar data: xarray, dask, scipy.sparse, pyarrow.

As in `arrays_and_tables`, nothing is computed.
"""

from __future__ import annotations

from typing import Any

from .arrays_and_tables import Recognise, array_head, dtype_name, exact
from .static_attributes import attribute, loaded, names_of, plain
from .value_preview import preview

_MOST = 48
_ROWS = 5
_COLUMNS = 12
_CELL = 40
_LAZY = "lazy: nothing is computed until it is asked for"
_KNOWN_DATA = ("numpy", "pandas", "xarray", "dask")


def facts(value: object) -> dict[str, Any] | None:
    """As `known.facts`."""
    for recognise, describe in _KINDS:
        if recognise(type(value)) is not None:
            return describe(value)
    return None


def _label(name: object) -> str:
    return plain(name, _CELL) if type(name) is str else preview(name, _CELL)


def _labels(names: Any) -> str:
    return ", ".join(_label(name) for name in list(names)[:_MOST])


def _dimensions(value: Any) -> str:
    pieces = [f"{_label(name)}: {int(size)}" for name, size in list(value.sizes.items())[:_MOST]]
    return f"dimensions {', '.join(pieces) or 'none'}"


def _is_known(data: object) -> bool:
    """Whether the data is a library's; a stranger's class answers with its own code."""
    return names_of(type(data))[0].partition(".")[0] in _KNOWN_DATA


# `Variable.data`, `data_vars` and `coords` load what is in a file still, or make new objects; so the privates are read.


def _variable(variable: Any) -> str:
    dimensions = f"({_labels(variable.dims)})"
    return f"{dimensions} {dtype_name(variable.dtype)}" if _is_known(variable._data) else dimensions  # noqa: SLF001


def _dataset(value: Any) -> dict[str, Any]:
    variables, coordinates = value._variables, _labels(sorted(map(str, value._coord_names)))  # noqa: SLF001
    known = all(_is_known(one._data) for one in variables.values())  # noqa: SLF001
    return {
        "note": _dimensions(value),
        **({"nbytes": int(value.nbytes)} if known else {}),
        **({"coordinates": coordinates} if coordinates else {}),
        "columns": {_label(name): _variable(one) for name, one in list(variables.items())[:_MOST]},
    }


def _data_array(value: Any) -> dict[str, Any]:
    variable, coordinates = value._variable, _labels(value._coords)  # noqa: SLF001
    data = variable._data  # noqa: SLF001
    is_here = type(data) is loaded("numpy", "ndarray")
    found: dict[str, Any] = {
        "shape": [int(size) for size in variable.shape],
        "note": _dimensions(value) if is_here else f"{_dimensions(value)}; {_LAZY}",
        **({"coordinates": coordinates} if coordinates else {}),
    }
    if _is_known(data):
        found.update(dtype=dtype_name(variable.dtype), nbytes=int(variable.nbytes))
    if is_here:
        found["head"] = array_head(data, found["shape"])
    return found


def _dask_array(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"dtype": dtype_name(value.dtype), "note": _LAZY}
    if all(type(size) is int for size in value.shape):
        found.update(shape=list(value.shape), nbytes=int(value.nbytes))
    return {**found, "chunks": preview(value.chunks, 200)}


def _sparse(value: Any) -> dict[str, Any]:
    return {
        "shape": [int(size) for size in value.shape],
        "dtype": dtype_name(value.dtype),
        "nbytes": sum(int(part.nbytes) for part in _parts(value)),
        "note": f"sparse, {int(value.nnz)} stored elements",
    }


def _parts(value: Any) -> list[Any]:
    """The arrays that a sparse one consists of, whatever its layout calls them."""
    ndarray = loaded("numpy", "ndarray")
    parts = [attribute(value, name) for name in ("data", "indices", "indptr", "offsets", "row", "col")]
    return [part for part in parts if type(part) is ndarray]


def _arrow_table(value: Any) -> dict[str, Any]:
    fields = [value.schema.field(at) for at in range(min(value.num_columns, _MOST))]
    shown = [at for at, field in enumerate(fields[:_COLUMNS]) if not _is_extension(field.type)]
    columns = [value.column(at).slice(0, _ROWS).to_pylist() for at in shown]
    return {
        "shape": [int(value.num_rows), int(value.num_columns)],
        "columns": {_label(field.name): _arrow_type(field.type) for field in fields},
        "nbytes": int(value.nbytes),
        "head": [
            " | ".join(_label(fields[at].name) for at in shown),
            *(" | ".join(preview(item, _CELL) for item in row) for row in zip(*columns, strict=False)),
        ],
    }


def _is_extension(kind: Any) -> bool:
    """Whether the type may be somebody's own, whose values are made by their code."""
    base = loaded("pyarrow.lib", "BaseExtensionType")
    return base is None or issubclass(type(kind), base) or kind.num_fields > 0


def _arrow_type(kind: Any) -> str:
    return names_of(type(kind))[1] if _is_extension(kind) and kind.num_fields == 0 else plain(str(kind), 100)


def _sparse_kinds() -> tuple[Recognise, ...]:
    shapes = ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")
    return tuple(exact("scipy.sparse", f"{shape}_{kind}") for shape in shapes for kind in ("matrix", "array"))


_KINDS = (
    (exact("xarray", "Dataset"), _dataset),
    (exact("xarray", "DataArray"), _data_array),
    (exact("dask.array", "Array"), _dask_array),
    (exact("pyarrow", "Table"), _arrow_table),
    *((recognise, _sparse) for recognise in _sparse_kinds()),
)
