"""The demo's folder: notebooks that talk to their agents, and a table for the agents to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NOTEBOOK = "demo.ipynb"
KERNEL_NOTEBOOK = "agent-kernel.ipynb"
TABLE = "sales.csv"

_MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06")
_REGIONS = {"north": 1200, "south": 950, "west": 1430}
_SEASON = (0.9, 1.0, 1.15, 1.4, 1.2, 1.05)

_INTRODUCTION = """\
# A notebook with an agent of its own

The next cells talk to an agent that belongs to this notebook. It runs in a sandbox that the Jupyter server starts for
it: it sees a copy of this folder, has no network, and never sees a key. Save the notebook, and the conversation is
saved in it.

Without `ANTHROPIC_API_KEY` on the Jupyter server, the model's words come from a script, and every answer says so; the
agent, its tools and its sandbox are real all the same."""

_CELLS: tuple[tuple[str, str, str], ...] = (
    ("introduction", "markdown", _INTRODUCTION),
    ("load", "code", "%load_ext jupyter_agent_host"),
    (
        "ask",
        "code",
        "%%agent\nRead sales.csv, find the month with the highest revenue, and write it to answer.txt",
    ),
    ("look", "code", 'print(open("answer.txt").read())'),
    ("again-text", "markdown", "A second cell goes on in the same conversation:"),
    ("again", "code", "%%agent\nWhich month was it, and what did I ask you first?"),
    ("status-text", "markdown", "What holds the agent back, and what it has cost so far:"),
    ("status", "code", "%agent status"),
    ("cost", "code", "%agent cost"),
)

_KERNEL_INTRODUCTION = """\
# A notebook whose kernel is an agent

Each cell below is a prompt to this notebook's agent, without a magic in front. `%%python` cells are Python, in the same
kernel: what they define can be put into prompts as `{name}`. Tab completes commands after `/` at the start of a cell,
and files after `@`."""

_KERNEL_CELLS: tuple[tuple[str, str, str], ...] = (
    ("kernel-introduction", "markdown", _KERNEL_INTRODUCTION),
    ("table", "code", '%%python\ntable = "sales.csv"'),
    ("kernel-ask", "code", "Read {table}, find the month with the highest revenue, and write it to answer.txt"),
    ("kernel-look", "code", '%%python\nprint(open("answer.txt").read())'),
    ("kernel-again", "code", "Which month was it, and what did I ask you first?"),
    ("kernel-status", "code", "/status"),
)


def make_demo_folder(folder: Path) -> Path:
    """Put notebooks and table into the folder, which is made if need be; files that are there stay as they are.

    Returns the path of the notebook to begin with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table, notebook = folder / TABLE, folder / NOTEBOOK
    if not table.exists():
        table.write_text(demo_table(), encoding="utf-8")
    for path, make in ((notebook, demo_notebook), (folder / KERNEL_NOTEBOOK, kernel_notebook)):
        if not path.exists():
            nbformat.write(make(), path)  # type: ignore[no-untyped-call]
    return notebook


def demo_table() -> str:
    """Revenue by month and region, as CSV; always the same."""
    rows = [
        f"{month},{region},{round(revenue * season)}"
        for month, season in zip(_MONTHS, _SEASON, strict=True)
        for region, revenue in _REGIONS.items()
    ]
    return "\n".join(["month,region,revenue", *rows]) + "\n"


def demo_notebook() -> NotebookNode:
    """The demo's notebook for Python kernels, without outputs; always the same."""
    return _notebook(_CELLS, {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"})


def kernel_notebook() -> NotebookNode:
    """The demo's notebook for the agent kernel, without outputs; always the same."""
    kernel = {"name": "agent-claude", "display_name": "Agent (Claude)", "language": "markdown"}
    return _notebook(_KERNEL_CELLS, kernel)


def _notebook(cells: tuple[tuple[str, str, str], ...], kernel: dict[str, str]) -> NotebookNode:
    make: dict[str, Callable[..., NotebookNode]] = {"markdown": new_markdown_cell, "code": new_code_cell}
    notebook: NotebookNode = new_notebook(  # type: ignore[no-untyped-call]
        cells=[make[kind](source, id=cell_id) for cell_id, kind, source in cells]
    )
    notebook.metadata["kernelspec"] = kernel
    return notebook
