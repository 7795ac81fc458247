"""Tools that look into the kernel: its state, its variables, its functions. They change and run nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec

from jupyter_agent_host.host.notebook import run_in_kernel
from jupyter_agent_host.host.tools.tool import Tool, ToolAnswer, ToolContext, error_answer, text_answer
from jupyter_agent_host.host.tools.tool_arguments import Arguments


async def kernel_status(context: ToolContext, _arguments: Arguments) -> str:
    """State, code that runs, jobs."""
    status = await context.kernel.status()
    if status.state == "none":
        return run_in_kernel.NO_KERNEL
    lines = [f"kernel {status.name} ({status.language or 'language unknown'}): {status.state}"]
    cell = await run_in_kernel.waiting_cell(context.agent)
    if cell is not None:
        lines.append("The cell that asked you holds the kernel; run_code runs inside it, at once.")
    elif status.state == "busy":
        lines.append(f"running for {status.running_seconds:.0f} s:\n{status.running or '(code unknown)'}")
    lines.append(f"code beside a running cell: {'possible' if status.beside else 'not possible'}")
    lines.append(f"variables: {'can be looked at' if status.variables else 'not available in this language'}")
    lines += [f"job {job.id} ({job.title}) runs for {job.elapsed:.0f} s" for job in context.agent.jobs.open]
    return "\n".join(lines)


class ListVariables(Arguments, frozen=True):
    """`pattern` is a shell pattern such as `df*`."""

    pattern: Annotated[str, msgspec.Meta(max_length=100)] = ""
    modules: bool = False


async def list_variables(context: ToolContext, arguments: ListVariables) -> ToolAnswer:
    """One line a variable."""
    request = {"op": "variables", "pattern": arguments.pattern, "modules": arguments.modules}
    return _told(await run_in_kernel.look(context.agent, request), _rows)


class Describe(Arguments, frozen=True):
    """`name` may be dotted: `df`, `model.fit`, `np.linalg.norm`."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


async def describe(context: ToolContext, arguments: Describe) -> ToolAnswer:
    """A line a fact."""
    request = {"op": "describe", "name": arguments.name}
    return _told(await run_in_kernel.look(context.agent, request), _facts)


def _told(found: Mapping[str, Any], words: Callable[[Mapping[str, Any]], list[str]]) -> ToolAnswer:
    """What a look found, or why it found nothing."""
    return error_answer(str(found["error"])) if "error" in found else text_answer("\n".join(words(found)))


def _rows(found: Mapping[str, Any]) -> list[str]:
    rows = [_row(row) for row in found.get("variables", ()) if isinstance(row, dict)]
    count = found.get("count", len(rows))
    cut = f", the first {len(rows)}:" if isinstance(count, int) and count > len(rows) else ":"
    odd = found.get("not_strings")
    tail = [f"({odd} names that are no strings are not shown)"] if odd else []
    return [f"{count} variables{cut}", *rows, *tail]


def _row(row: Mapping[str, Any]) -> str:
    words = [f"{row.get('name')}: {row.get('type')}"]
    if "shape" in row:
        words.append(" x ".join(map(str, row["shape"])) or "scalar")
    words += [str(row[key]) for key in ("dtype", "note") if row.get(key)]
    if "length" in row:
        words.append(f"{row['length']} items")
    if row.get("nbytes") is not None:
        words.append(f"{row['nbytes']} bytes")
    if "value" in row:
        words.append(f"= {row['value']}")
    return ", ".join(words)


def _facts(found: Mapping[str, Any]) -> list[str]:
    return [_fact(key, value) for key, value in found.items()]


def _fact(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join([f"{key}:", *(f"  {name}: {text}" for name, text in value.items())])
    if isinstance(value, list) and key != "shape":
        return "\n".join([f"{key}:", *(f"  {line}" for line in value)])
    if isinstance(value, str) and "\n" in value:
        return f"{key}:\n{value}"
    return f"{key}: {value}"


LOOKING_TOOLS = (
    Tool(
        "kernel_status",
        "The notebook's kernel: its name and language, whether it is idle or busy, what runs and for how long, which"
        " of your jobs run.",
        Arguments,
        kernel_status,
        read_only=True,
    ),
    Tool(
        "list_variables",
        "The person's variables in the kernel: name, type, shape, dtype, memory in bytes, a few words of the value. "
        "Works while a cell runs. Runs none of their code. `pattern` picks names, as df*; `modules` lists modules too.",
        ListVariables,
        list_variables,
        read_only=True,
    ),
    Tool(
        "describe",
        "One variable, function, method or class of the kernel closely: columns and dtypes and first rows of a table, "
        "attributes of an object; signature, documentation and source of a function. Dotted names work. Works while a "
        "cell runs. Runs none of the person's code.",
        Describe,
        describe,
        read_only=True,
    ),
)
