"""The seccomp profile of a container, in Docker's format (https://docs.docker.com/engine/security/seccomp/)."""

from __future__ import annotations

import json
from typing import Any

from jupyter_agent_host.providers.common.denied_system_calls import (
    ALLOWED,
    ENOSYS,
    EPERM,
    NAMESPACE_FLAGS,
    PERSONALITIES,
    SOCKET_FAMILIES,
)

_CONDITIONAL = ("clone", "socket", "personality")


def profile() -> str:
    """The whole profile as JSON. Programs of another architecture than the machine's own cannot run under it.

    What types into a terminal is not refused here: a container has none of the host's.
    """
    rules = [
        _rule(*sorted(ALLOWED - set(_CONDITIONAL))),
        _rule("clone", argument=(NAMESPACE_FLAGS, 0, "SCMP_CMP_MASKED_EQ")),
        _rule("socket", argument=(SOCKET_FAMILIES, 0, "SCMP_CMP_LT")),
        *(_rule("personality", argument=(value, 0, "SCMP_CMP_EQ")) for value in PERSONALITIES),
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS},
    ]
    return json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": EPERM, "syscalls": rules})


def _rule(*names: str, argument: tuple[int, int, str] | None = None) -> dict[str, Any]:
    rule: dict[str, Any] = {"names": list(names), "action": "SCMP_ACT_ALLOW"}
    if argument is not None:
        value, second, operator = argument
        rule["args"] = [{"index": 0, "value": value, "valueTwo": second, "op": operator}]
    return rule
