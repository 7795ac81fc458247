"""Tools that look into the kernel: its state, its variables, its functions. They change and run nothing."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from jupyter_agent_host.host.notebook import running
from jupyter_agent_host.host.tools.interface import (
    Effect,
    Tool,
    ToolAnswer,
    ToolContext,
    ToolRequest,
    define,
    error_answer,
    text_answer,
)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Pattern = Annotated[str, msgspec.Meta(max_length=100)]


class _Look:
    """What the looking tools share: they never need leave."""

    effect: Effect = "read"

    async def request(self, _context: ToolContext, arguments: Any) -> ToolRequest:
        return ToolRequest(tool="look", effect="read", arguments=arguments, title="Look into the kernel")


class NoArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to say."""


class KernelStatusTool(_Look):
    """`kernel_status`."""

    definition = define(
        "kernel_status",
        "The notebook's kernel: its name and language, whether it is idle or busy, what runs and for how long, which"
        " of your jobs run.",
        NoArguments,
        read_only=True,
    )
    arguments: type[msgspec.Struct] = NoArguments

    async def call(self, context: ToolContext, _arguments: NoArguments) -> ToolAnswer:
        """State, code that runs, jobs."""
        status = await context.kernel.status()
        if status.state == "none":
            return text_answer("The notebook has no running kernel. Running code or a cell starts it.")
        lines = [f"kernel {status.name} ({status.language or 'language unknown'}): {status.state}"]
        cell = await running.waiting_cell(context.agent)
        if cell is not None:
            lines.append("The cell that asked you holds the kernel; run_code runs inside it, at once.")
        elif status.state == "busy":
            lines.append(f"running for {status.running_seconds:.0f} s:\n{status.running or '(code unknown)'}")
        lines.append(f"code beside a running cell: {'possible' if status.beside else 'not possible'}")
        lines.append(f"variables: {'can be looked at' if status.variables else 'not available in this language'}")
        lines += [f"job {job.id} ({job.title}) runs for {job.elapsed:.0f} s" for job in context.agent.jobs.open]
        return text_answer("\n".join(lines))


class ListVariables(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`pattern` is a shell pattern such as `df*`."""

    pattern: Pattern = ""
    modules: bool = False


class ListVariablesTool(_Look):
    """`list_variables`."""

    definition = define(
        "list_variables",
        "The person's variables in the kernel: name, type, shape, dtype, memory in bytes, a few words of the value. "
        "Works while a cell runs. Runs none of their code. `pattern` picks names, as df*; `modules` lists modules too.",
        ListVariables,
        read_only=True,
    )
    arguments: type[msgspec.Struct] = ListVariables

    async def call(self, context: ToolContext, arguments: ListVariables) -> ToolAnswer:
        """One line a variable."""
        request = {"op": "variables", "pattern": arguments.pattern, "modules": arguments.modules}
        found = await running.look(context.agent, request)
        if "error" in found:
            return error_answer(str(found["error"]))
        rows = [_row(row) for row in found.get("variables", ()) if isinstance(row, dict)]
        count = found.get("count", len(rows))
        head = f"{count} variables" + (
            f", the first {len(rows)}:" if isinstance(count, int) and count > len(rows) else ":"
        )
        odd = found.get("not_strings")
        tail = [f"({odd} names that are no strings are not shown)"] if odd else []
        return text_answer("\n".join([head, *rows, *tail]))


def _row(row: dict[str, Any]) -> str:
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


class Describe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`name` may be dotted: `df`, `model.fit`, `np.linalg.norm`."""

    name: Name


class DescribeTool(_Look):
    """`describe`."""

    definition = define(
        "describe",
        "One variable, function, method or class of the kernel closely: columns and dtypes and first rows of a table, "
        "attributes of an object; signature, documentation and source of a function. Dotted names work. Works while a "
        "cell runs. Runs none of the person's code.",
        Describe,
        read_only=True,
    )
    arguments: type[msgspec.Struct] = Describe

    async def call(self, context: ToolContext, arguments: Describe) -> ToolAnswer:
        """A line a fact."""
        found = await running.look(context.agent, {"op": "describe", "name": arguments.name})
        if "error" in found:
            return error_answer(str(found["error"]))
        return text_answer("\n".join(_fact(key, value) for key, value in found.items()))


def _fact(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join([f"{key}:", *(f"  {name}: {text}" for name, text in value.items())])
    if isinstance(value, list) and key != "shape":
        return "\n".join([f"{key}:", *(f"  {line}" for line in value)])
    if isinstance(value, str) and "\n" in value:
        return f"{key}:\n{value}"
    return f"{key}: {value}"


def looking_tools() -> tuple[Tool, ...]:
    """In the order in which the model is told of them."""
    return (KernelStatusTool(), ListVariablesTool(), DescribeTool())
