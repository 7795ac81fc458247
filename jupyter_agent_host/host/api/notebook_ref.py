"""How a door names the notebook that it speaks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NotebookRef:
    """Which notebook, as the door knows it.

    Attributes:
        path: absolute path of the `.ipynb`, "" when there is none.
        notebook_id: given instead of a path by doors that opened the notebook before.
        kernel_id: the kernel that asked, "" for others.
        actor: the Jupyter identity's username.
        envelope: the notebook's `metadata.agent_host` as it is in the document now, None when there is none.
            Hostile until checked.
    """

    path: str = ""
    notebook_id: str = ""
    kernel_id: str = ""
    actor: str = ""
    envelope: Mapping[str, Any] | None = None
