"""Write `attacks.md` from the attempts themselves: their names and docstrings in `tests/attacks/inside`.

Run it after an attempt changed: `python docs/generate_attacks.py`. With `--check` nothing is written; exit code 1 says
that the page is stale.
"""

# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

import runpy
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("attacks.md")
_SUITE = Path(__file__).parents[1] / "tests" / "attacks"
_HEAD = """# Attacks

<!-- docs/generate_attacks.py writes this page from tests/attacks/inside -->

What `test_attacks.py`, `test_other_user.py` and `test_rogue_runner.py` in tests/attacks try in a run: {count}
attempts, by programs that the attacker's own agent runs inside real sandboxes (Docker and bubblewrap; `--full` adds
gVisor) of a real Jupyter server.

* **Each attempt has a positive control.** The same program, with the same target, runs outside as a plain process, and
  succeeds there. Where the control fails on a machine (a kernel without modules cannot load one), the attempt does not
  count in that run. The control of a runner of the attacker's own is an honest event that it sends.
* **At least sixty count** in each kind of sandbox: refused inside, and not outside.
* **Each class ends with the neighbour.** Another notebook's agent answers, and so does the Jupyter server.
* **The gateway is asked with every host allowed**, so that what it refuses is refused for where it leads.
* The run ends with a table of all attempts and what each came to; `AGENT_HOST_ATTACKS_REPORT=FILE` keeps it.

What is not protected, and so not attempted, is in the [threat model](threat-model.md#not-protected).
"""


def page() -> str:
    """The whole page."""
    sys.path.insert(0, str(_SUITE))
    suite = runpy.run_path(str(_SUITE / "report.py"))
    sections, count = [], 0
    for program, title in suite["PROGRAMS"].items():
        found = suite["attempts"](program)
        count += len(found)
        rows = [f"| `{name}` | {what} |" for name, what in found]
        heading = f"## {title[0].upper()}{title[1:]}\n`tests/attacks/inside/{program}.py`\n\n"
        sections.append("\n".join([heading + "| attempt | what it tries |", "|---|---|", *rows]))
    opened = "\n".join(f"* `{name}`: {why}" for name, why in suite["OPEN"].items())
    closing = f"## Known to succeed\n{opened}\n" if opened else ""
    return "\n".join([_HEAD.format(count=count), "\n\n".join(sections), "", closing]).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    new = page()
    if "--check" in arguments:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != new)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
