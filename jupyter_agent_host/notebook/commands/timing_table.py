"""What a turn's time went into (`%agent timing`, `%%agent --timing`): moments noted in the cell and in the host."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_agent_host.notebook.commands.line_commands import Text, sentence

_STEPS = (
    ("cell_began", "cell: the cell began"),
    ("cell_sent", "cell: prompt filled in, output prepared, sent"),
    ("asked", "server: request arrived, signature checked"),
    ("accepted", "host: notebook found, prompt in the journal"),
    ("cell_accepted", "cell: acceptance arrived"),
    ("served", "host: the turn's turn came"),
    ("prepared", "host: sandbox, session and workspace ready"),
    ("sent", "host: prompt sent to the runner"),
    ("model_asked", "runner and CLI: the CLI's request at the gateway"),
    ("first_text", "model, CLI and runner: first text at the host"),
    ("first_text_journalled", "host: first text in the journal"),
    ("cell_first_text", "cell: first text arrived"),
    ("cell_first_text_shown", "cell: first text shown"),
    ("end_heard", "model, CLI and runner: the turn's end at the host"),
    ("end_collected", "host: files copied out, costs counted"),
    ("end_journalled", "host: end in the journal"),
    ("end_shown", "host: saved session prepared"),
    ("cell_ended", "cell: end arrived"),
    ("cell_closed", "cell: how the notebook stands arrived"),
    ("cell_finished", "cell: final output shown"),
)


def timing_text(cell: Mapping[str, float], host: Mapping[str, float]) -> Text:
    """Each step with the milliseconds since the cell began and since the step before, in the order they happened."""
    moments = {**host, **cell}
    if "cell_began" not in cell:
        return sentence("No turn was run by a cell of this kernel yet.")
    began = cell["cell_began"]
    known = [(moments[name], words) for name, words in _STEPS if name in moments]
    rows, before = [], began
    for when, words in sorted(known, key=lambda each: each[0]):
        rows.append((f"{1000 * (when - began):.1f}", f"{1000 * (when - before):.1f}", words))
        before = when
    plain = "\n".join(f"{at:>9} {took:>9}  {words}" for at, took, words in (("at ms", "took ms", ""), *rows))
    lines = [
        "| at ms | took ms | |",
        "| ---: | ---: | --- |",
        *(f"| {at} | {took} | {words} |" for at, took, words in rows),
    ]
    return Text(plain=plain, markdown="\n".join(lines))
