"""Which headers pass, in both directions. What is not named is dropped: cookies, credentials and tracing included."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jupyter_agent_host.host.settings import Credential

ALLOWED_BETAS = frozenset(
    {
        "advanced-tool-use-2025-11-20",
        "claude-code-20250219",
        "context-management-2025-06-27",
        "effort-2025-11-24",
        "extended-cache-ttl-2025-04-11",
        "fine-grained-tool-streaming-2025-05-14",
        "interleaved-thinking-2025-05-14",
        "mid-conversation-system-2026-04-07",
        "mid-conversation-tool-changes-2026-07-01",
        "per-turn-control-2026-07-01",
        "prompt-caching-scope-2026-01-05",
        "redact-thinking-2026-02-12",
        "structured-outputs-2025-12-15",
        "task-budgets-2026-03-13",
        "thinking-display-updates-2026-08-18",
        "thinking-token-count-2026-05-13",
        "token-counting-2024-11-01",
        "token-efficient-tools-2025-02-19",
    }
)
"""Beta features that may pass: they change how the model answers, never where the API reaches or what a token costs.
Left out on purpose: files, MCP, code execution, web search, skills, managed agents, batches, other models as fallback,
fast mode and the dearer long context."""

_REQUEST = (b"accept", b"user-agent", b"x-app")
_VALUE = re.compile(rb"[\x20-\x7e]{1,300}")
_VERSION = re.compile(rb"\d{4}-\d{2}-\d{2}")
_DEFAULT_VERSION = b"2023-06-01"
_RESPONSE = ("content-type", "request-id", "retry-after", "x-should-retry")
_RESPONSE_PREFIX = "anthropic-ratelimit-"

Headers = list[tuple[bytes, bytes]]


def request_headers(client: Iterable[tuple[bytes, bytes]], credential: Credential) -> Headers:
    """The headers that go to the upstream: a few of the client's, our own, and the real credential."""
    client = list(client)
    headers = [(name, value) for name, value in client if name in _REQUEST and _VALUE.fullmatch(value)]
    versions = [value for name, value in client if name == b"anthropic-version" and _VERSION.fullmatch(value)]
    headers.append((b"anthropic-version", versions[0] if versions else _DEFAULT_VERSION))
    betas = allowed_betas(value for name, value in client if name == b"anthropic-beta")
    if betas:
        headers.append((b"anthropic-beta", betas))
    # Any coding would have to be undone here to read the usage, and could hold deltas back.
    headers += [(b"accept-encoding", b"identity"), (b"content-type", b"application/json")]
    return [*headers, _credential(credential)]


def allowed_betas(values: Iterable[bytes]) -> bytes:
    """The beta tokens of some `anthropic-beta` headers that may pass, as one header value."""
    tokens = (token.strip().decode("latin-1") for value in values for token in value.split(b","))
    return ",".join(dict.fromkeys(token for token in tokens if token in ALLOWED_BETAS)).encode("ascii")


def response_headers(upstream: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The upstream's headers that the client gets; names in lower case."""
    lower = [(name.lower(), value) for name, value in upstream]
    return [(name, value) for name, value in lower if name in _RESPONSE or name.startswith(_RESPONSE_PREFIX)]


def _credential(credential: Credential) -> tuple[bytes, bytes]:
    if credential.kind == "api_key":
        return b"x-api-key", credential.value.encode("ascii")
    return b"authorization", b"Bearer " + credential.value.encode("ascii")
