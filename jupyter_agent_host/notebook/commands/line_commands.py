"""`%agent COMMAND`: what each command asks of the host, and how its answer reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import msgspec

from jupyter_agent_host.notebook.commands.network_text import reach_table
from jupyter_agent_host.notebook.commands.review_text import review_answer, review_request
from jupyter_agent_host.notebook.magic_errors import AgentCellError
from jupyter_agent_host.protocol.control import PermissionMode
from jupyter_agent_host.protocol.host_api import (
    VERBS,
    Answer,
    Cost,
    Done,
    History,
    McpReport,
    NetworkReport,
    NotebookInfo,
    Request,
    TurnSummary,
)
from jupyter_agent_host.rendering import turn_description
from jupyter_agent_host.rendering.markdown_escaping import code_span, escape_text, settle_dollars
from jupyter_agent_host.rendering.markdown_sanitizer import make_inert

USAGE = {
    "status": "the session, its sandbox and where it stands",
    "history": "what was said, oldest first; `history N` for the last N turns",
    "cost": "tokens and estimated cost of this notebook",
    "interrupt": "stop the running turn; the session lives on",
    "stop": "end the sandbox now; the next word starts a new one and goes on",
    "reset": "begin a new session; the old one is kept",
    "fork": "go on in a copy of the session",
    "trust": "go on with a session that came with the notebook: `trust`, `trust fresh`, `trust journal|notebook`",
    "grant": "let a guarded file out of the sandbox: `grant PATH`",
    "folder": "the folder that the agent sees: `folder`, `folder PATH`, `folder --default` for the notebook's project",
    "packages": "what the agent installed: `packages`, or `packages FILE.txt` to write it beside the notebook",
    "model": "change the model from the next turn on: `model NAME`, or `model` for the default",
    "network": "what the agent may reach: `network`, `network allow|deny|revoke HOST`",
    "mcp": "MCP servers of the agent: `mcp`, `mcp on|off NAME`",
    "mode": "what the agent must ask for: in the notebook `mode ask|ask_risky|auto`; in its sandbox "
    "`mode free|default|acceptEdits|plan|dontAsk`",
    "review": "what turns changed: cells and files, with what was decided",
    "diff": "one change: `diff KEY`, a cell's id or a file's path",
    "accept": "take the newest turn's changes, or `accept KEY…`",
    "reject": "take them back: `reject KEY…`; in conflicts `--mine` keeps yours, `--before` goes back",
    "undo": "undo the newest turn, also what was accepted: `undo`, `undo KEY…`, `--mine`, `--before`",
    "grants": "what the agent may do here without asking",
    "revoke": "take grants back: `revoke TOOL`, `revoke PATH`, or all",
    "timing": "what the time of this kernel's last turn went into",
    "doctor": "how this cell reaches its agent, and what the agent runs in",
    "widget": "the conversation in this output, with a box to write in",
    "help": "this list",
}
MODES: tuple[str, ...] = get_args(PermissionMode)
_SHOWN_TURN_BYTES = 4000
_PROMPT_CHARS = 400
_ROW_CHARS = 1000  # what weakens a sandbox is told whole


@dataclass(frozen=True)
class Text:
    """The same words twice: for terminals, and as Markdown that is inert."""

    plain: str
    markdown: str


def request_for(  # noqa: C901 - one case a command
    command: str, words: list[str], path: str
) -> tuple[str, Request]:
    """The verb and its request.

    Raises:
        AgentCellError: wrong words, with the right ones.
    """
    extra: dict[str, Any]
    match command, words:
        case "trust", [] | [("resume" | "fresh" | "journal" | "notebook")]:
            verb, extra = "trust", {"choice": words[0] if words else "resume"}
        case "grant", [target]:
            verb, extra = "grant", {"target": target}
        case "folder", [] | [_]:
            verb, extra = "folder", _folder(*words)
        case "packages", [] | [_]:
            verb, extra = "packages", {"file": words[0] if words else ""}
        case "model", [] | [_]:
            verb, extra = "model", {"model": words[0] if words else None}
        case "mode", [mode] if mode in MODES:
            verb, extra = "mode", {"mode": mode}
        case "network", [] | [("allow" | "deny" | "revoke"), _]:
            verb, extra = "network", {"action": words[0], "target": words[1]} if words else {}
        case "mcp", [] | [("on" | "off"), _]:
            verb, extra = "mcp", {"action": words[0], "name": words[1]} if words else {}
        case (("status" | "doctor" | "cost" | "interrupt" | "stop" | "reset" | "fork" | "history"), []):
            verb, extra = "status" if command == "doctor" else command, {}
        case "history", [count] if count.isdecimal() and int(count):
            verb, extra = "history", {}
        case _:
            found = review_request(command, words)
            if found is None:
                raise AgentCellError(_usage_of(command))
            verb, extra = found
    return verb, msgspec.convert({**extra, "path": path}, VERBS[verb][0])


def _folder(target: str = "") -> dict[str, Any]:
    return {"reset": True} if target == "--default" else {"target": target}


def _usage_of(command: str) -> str:
    if command in USAGE:
        return f"%agent {command}: {USAGE[command]}."
    ask = "To ask the agent something, begin the cell with %%agent and write on the lines below it."
    return f"%agent knows no command {command!r}. {ask} Commands: {', '.join(USAGE)}."


def describe_answer(answer: Answer, words: list[str], *, where: str = "") -> Text:
    """An answer for a person. `where` the agent is hosted is told with its state, when given."""
    if isinstance(answer, NotebookInfo):
        return table("Agent of this notebook", {**status_rows(answer), "hosted in": where})
    if isinstance(answer, Cost):
        return table("Cost of this notebook", _cost_rows(answer))
    if isinstance(answer, History):
        last = int(words[0]) if words else None
        return history_text(answer, last=last)
    if isinstance(answer, (NetworkReport, McpReport)):
        return table(*reach_table(answer))
    if isinstance(answer, Done):
        return sentence(answer.message or ("Done." if answer.ok else "Nothing was to be done."))
    pair = review_answer(answer)
    return sentence(repr(answer)) if pair is None else Text(*pair)


def sentence(text: str) -> Text:
    """One sentence."""
    flat = turn_description.one_line(text, 2000)
    return Text(plain=flat, markdown=settle_dollars(escape_text(flat)))


def table(title: str, rows: Mapping[str, str]) -> Text:
    """Names and values, a line each; empty values are left out."""
    shown = {name: turn_description.one_line(value, _ROW_CHARS) for name, value in rows.items() if value}
    width = max((len(name) for name in shown), default=0)
    plain = "\n".join([title, *(f"  {name:<{width}}  {value}" for name, value in shown.items())])
    lines = [f"| **{title}** | |", "| --- | --- |", *(f"| {name} | {_cell(value)} |" for name, value in shown.items())]
    return Text(plain=plain, markdown="\n".join(lines))


def _cell(value: str) -> str:
    return settle_dollars(escape_text(value))


def help_text() -> Text:
    """All commands."""
    head = "%%agent and a prompt in the lines below: ask the agent (%%agent? lists its options).\n%agent COMMAND:"
    width = max(len(name) for name in USAGE)
    plain = "\n".join([head, *(f"  {name:<{width}}  {about}" for name, about in USAGE.items())])
    lines = [f"- {code_span(f'%agent {name}')}: {_cell(about)}" for name, about in USAGE.items()]
    return Text(plain=plain, markdown="\n".join(lines))


def status_rows(info: NotebookInfo) -> dict[str, str]:
    """What `%agent status` tells."""
    spent = f"about ${info.cost_usd:.4f}"
    budget = f" of ${info.budget_usd:.2f}" if info.budget_usd is not None else ""
    place = " · ".join(word for word in (info.isolation, info.isolation_level) if word)
    sandbox = f"{info.state}: {place}" if place else info.state
    return {
        "notebook": info.path,
        "session": f"{info.session_id} ({_count(info.turns, 'turn')}, {spent}{budget})" if info.session_id else "",
        "saved state": _trust_words(info),
        "sandbox": sandbox,
        "": "; ".join(info.isolation_notes),
        "sees": _sees(info),
        "workspace": " · ".join(word for word in (info.workspace_mode, info.workspace_note) if word),
        "model": (info.model or "default") + (" (scripted, not a real model)" if info.scripted_model else ""),
        "asks": f"{info.notebook_mode} in the notebook, {info.permission_mode} in the sandbox",
        "queued": _count(info.queued, "prompt") if info.queued else "",
        "waiting": f"{_count(len(info.pending_permissions), 'question')} to you" if info.pending_permissions else "",
        "kept inside": ", ".join(info.refused_files),
        "hidden from it": ", ".join(info.hidden_files),
    }


def _sees(info: NotebookInfo) -> str:
    """The folder that the agent sees; how to choose another is part of the note where less is shown than asked for."""
    if not info.workspace_folder or info.workspace_mode == "private":
        return "no folder of yours; `%agent folder PATH` chooses one" if info.workspace_restricted else ""
    what = "the plain files in " if info.workspace_restricted else ""
    start = f" (commands start in {info.workspace_place})" if info.workspace_place else ""
    return f"{what}{info.workspace_folder}{start}; `%agent folder PATH` chooses another"


def _trust_words(info: NotebookInfo) -> str:
    words = {
        "none": "none in the notebook yet",
        "own": _own_words(info),
        "foreign": "from another server; `%agent trust` goes on with it",
        "unsigned": "not signed; `%agent trust` goes on with it",
        "corrupt": "damaged; a fresh session begins and the old data is kept aside",
        "diverged": "notebook and server went different ways; `%agent trust journal` or `%agent trust notebook`",
    }[info.trust]
    return f"{words} ({info.trust_reason})" if info.trust_reason else words


def _own_words(info: NotebookInfo) -> str:
    """What was found in the file when this was asked, not what the next save would put there."""
    if info.saved_problem:
        return info.saved_problem
    if not info.saved_in:
        return "not in the notebook's file yet: save the notebook"
    behind = "" if info.saved_turns >= info.turns else "; save the notebook for the rest"
    return f"{info.saved_turns} of {_count(info.turns, 'turn')} in {info.saved_in}, signed by this server{behind}"


def _cost_rows(cost: Cost) -> dict[str, str]:
    usage = cost.usage
    budget = f" of ${cost.budget_usd:.2f}" if cost.budget_usd is not None else ""
    return {
        "estimate": f"${cost.cost_usd:.4f}{budget}",
        "tokens in": f"{usage.input_tokens:,}",
        "from cache": f"{usage.cache_read_input_tokens:,} (written: {usage.cache_creation_input_tokens:,})",
        "tokens out": f"{usage.output_tokens:,}",
        "requests": f"{cost.requests:,} ({cost.refused_requests:,} refused)",
    }


def history_text(history: History, *, last: int | None = None) -> Text:
    """The turns of a session, oldest first."""
    turns = history.turns[-last:] if last else history.turns
    if not turns:
        return sentence("Nothing was said in this session yet.")
    plain = "\n\n".join(_turn_plain(turn) for turn in turns)
    markdown = "\n\n".join(_turn_markdown(turn) for turn in turns)
    return Text(plain=plain, markdown=markdown)


def _turn_plain(turn: TurnSummary) -> str:
    prompt = turn_description.readable(turn.prompt)[:_PROMPT_CHARS].strip()
    text = turn_description.capped(turn_description.readable(turn.text).strip(), _SHOWN_TURN_BYTES)
    asked = "\n".join(f"> {line}" for line in prompt.split("\n"))
    status = "" if turn.status == "completed" else f"({turn.status})"
    return "\n".join(block for block in (asked, text, status) if block)


def _turn_markdown(turn: TurnSummary) -> str:
    prompt = turn_description.one_line(turn.prompt, _PROMPT_CHARS)
    text = make_inert(turn_description.capped(turn_description.readable(turn.text), _SHOWN_TURN_BYTES))
    status = "" if turn.status == "completed" else f"*{_cell(turn.status)}*"
    return "\n\n".join(block for block in (f"> {_cell(prompt)}", text, status) if block)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
