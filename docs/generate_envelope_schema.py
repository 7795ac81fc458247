"""Write the published JSON Schema of a saved session, `jupyter_agent_host/store/envelope.schema.json`.

Run it after the structs of `store/envelope/envelope_model.py` changed: `python docs/generate_envelope_schema.py`. The
text differs between releases of msgspec, so the published file stays as it is until its meaning changes;
`tests/store/test_envelope_schema.py` compares the meaning.
"""

# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from jupyter_agent_host.store.envelope.envelope_model import EnvelopeModel

_TITLE = "Jupyter agent host: saved session in a notebook's metadata (agent_host), version 1"


def envelope_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of version 1, as the installed msgspec writes it."""
    # Through JSON, since msgspec gives defaults as tuples.
    schema: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(EnvelopeModel)))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": _TITLE, **schema}


if __name__ == "__main__":
    target = Path(str(files("jupyter_agent_host.store") / "envelope.schema.json"))
    target.write_text(f"{json.dumps(envelope_schema(), indent=2, ensure_ascii=False)}\n", encoding="utf-8")
