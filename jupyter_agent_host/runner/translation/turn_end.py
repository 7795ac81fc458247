"""How a turn ended, from the SDK's result: a status, and for failures one sentence with a way out."""

from __future__ import annotations

import re

from claude_agent_sdk import ResultMessage

from jupyter_agent_host.protocol.events import TurnEnded, Usage

HOST_AWAY = "The notebook's host is away."
"""What the way out answers when no host came; the CLI repeats it in its result."""

_SENTENCE_CHARACTERS = 500
_ABORTED = ("aborted_streaming", "aborted_tools")
_GATEWAY_REFUSED = 402
_CREDENTIAL_REFUSED = re.compile(r"refused the Jupyter server's credential \((\d{3})\)")
_PREFIX = re.compile(r"^(API Error:\s*)?(\d{3}\s+)?")
_CLI_ADVICE = re.compile(r"\s+This is a server-side issue, usually temporary.*$", re.DOTALL)


def turn_ended(
    result: ResultMessage, usage: Usage, cost_usd: float, *, interrupted: bool, model: str, context_tokens: int
) -> TurnEnded:
    """The turn's last event. The CLI reports API failures as subtype `success` with `is_error`."""
    status: str = "completed"
    error = error_code = ""
    whole = result.subtype == "success" and not result.is_error
    if result.terminal_reason in _ABORTED or (interrupted and not whole):
        status = "interrupted"
    elif result.subtype == "error_max_turns":
        status, error, error_code = "max_turns", "The turn used up its tool calls; say go on to continue.", "max_turns"
    elif result.subtype == "error_max_budget_usd":
        status, error, error_code = "budget", "The notebook's budget is used up.", "budget"
    elif not whole:
        status = "error"
        error, error_code = _failure(result)
    return TurnEnded(
        status=status,  # type: ignore[arg-type]
        text=result.result or "" if status == "completed" else "",
        usage=usage,
        cost_usd=cost_usd,
        duration_ms=result.duration_ms,
        num_turns=result.num_turns,
        model=model,
        error=error,
        error_code=error_code,
        context_tokens=context_tokens,
    )


def failed(error_code: str, error: str) -> TurnEnded:
    """The last event of a turn that ended without a result; the session can be resumed."""
    return TurnEnded(status="error", error=error, error_code=error_code)


def _failure(result: ResultMessage) -> tuple[str, str]:
    said = _sentence(result.result or "; ".join(result.errors or []))
    if HOST_AWAY in said:
        return f"{HOST_AWAY} The turn could not go on; prompt again to continue.", "host_away"
    return said or "The agent stopped with an error it did not explain.", _code(result.api_error_status, said)


def _code(status: int | None, said: str) -> str:
    """The gateway answers some upstream errors with a status of its own, and its sentence holds the true one."""
    if said.startswith("No model credential"):
        return "credential_missing"
    refused = _CREDENTIAL_REFUSED.search(said)
    if refused is not None:
        return f"upstream_{refused[1]}"
    if status is None:
        return "agent_error"
    if status == _GATEWAY_REFUSED:
        return "gateway_refused"
    return "upstream_5xx" if status >= 500 else f"upstream_{status}"  # noqa: PLR2004 - HTTP server errors


def _sentence(text: str) -> str:
    """What the service said, without the CLI's prefix and its advice about a gateway that no person knows."""
    return _CLI_ADVICE.sub("", _PREFIX.sub("", text.strip())).strip()[:_SENTENCE_CHARACTERS]
