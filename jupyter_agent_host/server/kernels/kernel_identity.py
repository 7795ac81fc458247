"""Which kernel is asking, and which notebook is its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
from jupyter_server.services.sessions.sessionmanager import SessionManager

from jupyter_agent_host.errors import AmbiguousNotebookError, AuthenticationError, UnknownNotebookError
from jupyter_agent_host.protocol.kernel_auth import NonceCache, verify_request

_REFUSED = "The kernel did not prove who it is: its signature is wrong. Restart the kernel."


class Kernels:
    """Authenticates kernels by their connection key, and finds the notebook of each."""

    def __init__(self, kernels: MappingKernelManager, sessions: SessionManager) -> None:
        self._kernels = kernels
        self._sessions = sessions
        self._nonces = NonceCache()

    def key(self, kernel_id: str) -> bytes:
        """The kernel's connection key; empty where it has none.

        Raises:
            AuthenticationError: no such kernel (with the words of a wrong signature, so that ids cannot be tried), or
                its key is not here.
        """
        if kernel_id not in self._kernels:
            raise AuthenticationError(_REFUSED)
        session = getattr(self._kernels.get_kernel(kernel_id), "session", None)
        if session is None:
            raise AuthenticationError(
                "This kernel runs on another machine, behind a gateway, so it cannot prove who it is; "
                "use the agent panel."
            )
        return bytes(session.key)

    def authenticate(self, kernel_id: str, headers: Mapping[str, str], *, method: str, path: str, body: bytes) -> str:
        """The request's nonce, once the request is proven to be this kernel's, and new.

        Raises:
            AuthenticationError: it is not, or the kernel has an empty key.
        """
        key = self.key(kernel_id)
        return verify_request(
            key, headers, method=method, path=path, kernel_id=kernel_id, nonces=self._nonces, body=body
        )

    async def notebook_path(self, kernel_id: str, wanted: str = "") -> str:
        """Path, relative to the server's root, of the notebook that runs on this kernel.

        `wanted` picks one of several; a notebook that is not this kernel's own is never given.

        Raises:
            UnknownNotebookError: the kernel has no notebook, or not the wanted one.
            AmbiguousNotebookError: it has several and `wanted` is empty.
        """
        sessions: list[dict[str, Any]] = await self._sessions.list_sessions()  # type: ignore[no-untyped-call]
        paths = sorted(
            {s["path"] for s in sessions if s["type"] == "notebook" and s["kernel"]["id"] == kernel_id and s["path"]}
        )
        if wanted:
            if wanted in paths:
                return wanted
            raise UnknownNotebookError(f"{wanted!r} does not run on this kernel.")
        if not paths:
            raise UnknownNotebookError(
                "This kernel has no notebook (a console, perhaps), and every agent belongs to one. Open a notebook."
            )
        if len(paths) > 1:
            names = ", ".join(repr(path) for path in paths)
            raise AmbiguousNotebookError(
                f"Several notebooks share this kernel: {names}. Say which one's agent you mean: --notebook PATH."
            )
        return str(paths[0])
