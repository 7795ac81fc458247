"""Nothing of ours stays in a stripped notebook but the readable answers."""

from __future__ import annotations

import json

import nbformat
import pytest

from jupyter_agent_host.store.envelope.envelope import TURN_MIME, strip


def notebook() -> dict[str, object]:
    made = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("%%agent\nhello")
    cell["metadata"]["agent_host"] = {"turn": "t1"}
    cell["metadata"]["tags"] = ["mine"]
    data = {TURN_MIME: {"events": ["SECRET"]}, "text/markdown": "Hello!", "text/plain": "Hello!"}
    output = nbformat.v4.new_output("display_data", data, metadata={TURN_MIME: {"x": 1}, "isolated": True})
    cell["outputs"] = [output, nbformat.v4.new_output("stream", text="print")]
    made["cells"] = [nbformat.v4.new_markdown_cell("# Title"), cell]
    made["metadata"]["agent_host"] = {"schema": 1, "chunks": ["SECRET"]}
    made["metadata"]["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return json.loads(json.dumps(made))


def test_only_ours_goes() -> None:
    stripped = notebook()
    assert strip(stripped)
    text = json.dumps(stripped)
    assert "agent_host" not in text
    assert "SECRET" not in text
    assert TURN_MIME not in text
    assert text.count("Hello!") == 2
    assert "mine" in text
    assert "isolated" in text
    nbformat.validate(nbformat.from_dict(stripped))
    assert not strip(stripped)


@pytest.mark.parametrize("odd", [{}, {"cells": None}, {"cells": [1]}, {"cells": [{"outputs": [None]}], "metadata": []}])
def test_what_is_no_notebook_is_left_alone(odd: dict[str, object]) -> None:
    before = json.dumps(odd)
    assert not strip(odd)
    assert json.dumps(odd) == before
