"""Values that are told by their own text: times, decimals, paths and the like, of exactly the libraries' types.

A `datetime` asks its time zone for its text, so the zone must be a library's, too.
"""

from __future__ import annotations

import sys
from typing import Any

from .static_attributes import MISSING, attribute, loaded, names_of, plain

_MAX_DECIMAL_BYTES = 2000
_MAX_ITEM_BYTES = 10_000
_TEXTUAL = {
    "datetime": "datetime",
    "date": "datetime",
    "time": "datetime",
    "timedelta": "datetime",
    "Decimal": "decimal",
    "PosixPath": "pathlib",
    "WindowsPath": "pathlib",
    "PurePosixPath": "pathlib",
    "PureWindowsPath": "pathlib",
    "Timestamp": "pandas",
    "Timedelta": "pandas",
    "Period": "pandas",
    "Interval": "pandas",
}
_ZONES = (
    ("datetime", "timezone"),
    ("zoneinfo", "ZoneInfo"),
    ("pytz.tzinfo", "BaseTzInfo"),
    ("dateutil.tz.tz", "tzfile"),
    ("dateutil.tz.tz", "tzutc"),
)


def own_text(value: Any, limit: int) -> str:
    """The value's text, at most `limit` characters of it; "" for what is not known here."""
    cls = type(value)
    name = names_of(cls)[1]
    if name in ("NaTType", "NAType"):
        nothing = {"NaTType": "NaT", "NAType": "NA"}[name]
        pandas = sys.modules.get("pandas")
        return f"<{nothing}>" if pandas is not None and attribute(pandas, nothing) is value else ""
    if name not in _TEXTUAL or loaded(_TEXTUAL[name], name) is not cls:
        return ""
    if name in ("datetime", "time", "Timestamp") and not _has_known_zone(value, cls):
        return ""
    if name == "Decimal" and _decimal_bytes(value) > _MAX_DECIMAL_BYTES:
        return ""
    try:
        text = plain(str(value), limit)
    except Exception:  # noqa: BLE001 - somebody broke it; its type can be told all the same
        return ""
    return f"{name}({text!r})" if name.endswith("Path") else text


def _decimal_bytes(value: object) -> int:
    decimal: Any = loaded("decimal", "Decimal")
    return int(decimal.__sizeof__(value))


def numpy_item(value: Any) -> Any:
    """What a number or text of numpy's own types is in Python; `MISSING` for what is none."""
    generic: Any = loaded("numpy", "generic")
    if generic is None or not issubclass(type(value), generic):
        return MISSING
    if generic.__dict__["itemsize"].__get__(value) > _MAX_ITEM_BYTES:
        return MISSING
    item = generic.__dict__["item"](value)
    return MISSING if type(item) is type(value) else item


def _has_known_zone(value: Any, cls: type) -> bool:
    base: Any = loaded("datetime", "time" if names_of(cls)[1] == "time" else "datetime")
    zone = base.__dict__["tzinfo"].__get__(value)
    known = [found for found in (loaded(*one) for one in _ZONES) if found is not None]
    return zone is None or any(issubclass(type(zone), one) for one in known)
