"""Trait types that DockerSpawner's users know."""

from __future__ import annotations

import re
from typing import Any, Union

from traitlets import TraitError, TraitType

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SIZE = re.compile(r"^\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[KMGT]?)i?B?\s*$", re.IGNORECASE)


class ByteSize(TraitType[int, Union[int, str]]):
    """A number of bytes: an integer, or text with a unit of 1024 such as "512M", "1G" or "1.5 GiB"."""

    info_text = 'a number of bytes, or text such as "512M" or "1G"'

    def validate(self, obj: Any, value: Any) -> int:
        """Bytes, above zero.

        Raises:
            TraitError: it is neither.
        """
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            size = int(value)
        elif isinstance(value, str) and (match := _SIZE.match(value)):
            size = int(float(match["number"]) * _UNITS[match["unit"].upper()])
        else:
            self.error(obj, value)
        if size <= 0:
            raise TraitError(f"{self.name} must be above zero, not {value!r}.")
        return size

    def from_string(self, text: str) -> int:
        """What the command line gives is validated like text in a configuration file."""
        return self.validate(None, text)
