"""Every error this product raises on purpose.

Each carries a stable `code` (for programs), a sentence with a way out (for people), and whether trying the same
thing again can help. Vendor exceptions stop at the provider that talks to the vendor.
"""

from __future__ import annotations

from typing import ClassVar


class AgentHostError(Exception):
    """Root of the tree. `str(error)` is one sentence for a person; it never holds a secret.

    Attributes:
        code: stable, machine-readable, lower snake case.
        retryable: whether the same call may succeed later without anybody changing anything.
        provider: name of the sandbox provider concerned, if any.
    """

    code: ClassVar[str] = "agent_host_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, provider: str | None = None) -> None:
        super().__init__(message)
        self.provider = provider


class ConfigError(AgentHostError):
    """A setting is wrong or contradicts another one."""

    code = "config"


# -- protocol ---------------------------------------------------------------------------------------------------------


class ProtocolError(AgentHostError):
    """The other side sent something that this protocol version does not allow."""

    code = "protocol"


class FrameTooLargeError(ProtocolError):
    """A message is larger than its limit; it was not decoded."""

    code = "frame_too_large"


class VersionMismatchError(ProtocolError):
    """Host and runner speak different protocol versions; the image must be rebuilt."""

    code = "version_mismatch"


# -- sandboxes --------------------------------------------------------------------------------------------------------


class SandboxError(AgentHostError):
    """Something about making, reaching or ending a sandbox."""

    code = "sandbox"


class ProviderMissingError(SandboxError):
    """No provider of that name is installed, or its SDK is missing."""

    code = "provider_missing"


class ProviderUnavailableError(SandboxError):
    """The provider is installed but cannot make sandboxes here (no engine, no bwrap, no user namespaces)."""

    code = "provider_unavailable"


class ImageMissingError(SandboxError):
    """The sandbox image does not exist on the engine."""

    code = "image_missing"


class ImageMismatchError(SandboxError):
    """The sandbox image was built for another protocol version."""

    code = "image_mismatch"


class ImageBuildError(SandboxError):
    """The sandbox image could not be built."""

    code = "image_build"


class SandboxStartError(SandboxError):
    """The sandbox was refused or died before its runner answered."""

    code = "sandbox_start"
    retryable = True


class SandboxGoneError(SandboxError):
    """The sandbox no longer exists or stopped answering. The session lives on and can be resumed."""

    code = "sandbox_gone"
    retryable = True


class SandboxOutOfMemoryError(SandboxGoneError):
    """The kernel killed the sandbox at its memory limit."""

    code = "sandbox_out_of_memory"


class DiskLimitError(SandboxGoneError):
    """The host stopped the sandbox because its private files passed the disk limit."""

    code = "disk_limit"


# -- store ------------------------------------------------------------------------------------------------------------


class StoreError(AgentHostError):
    """Durable state could not be read or written."""

    code = "store"


class JournalError(StoreError):
    """The journal refused a read or write (disk full, corrupt file)."""

    code = "journal"


class LeaseHeldError(StoreError):
    """Another live host drives this notebook's session."""

    code = "lease_held"
    retryable = True


class EnvelopeError(StoreError):
    """The notebook's `agent_host` metadata cannot be used."""

    code = "envelope"


class EnvelopeCorruptError(EnvelopeError):
    """The envelope is malformed, oversized, or its digests do not hold."""

    code = "envelope_corrupt"


class EnvelopeUntrustedError(EnvelopeError):
    """The envelope is not signed by a key this server trusts; a person must say so first."""

    code = "envelope_untrusted"


# -- turns ------------------------------------------------------------------------------------------------------------


class TurnError(AgentHostError):
    """A turn could not start or finish."""

    code = "turn"


class UnknownNotebookError(TurnError):
    """No notebook of that id, path or kernel is known here."""

    code = "unknown_notebook"


class UnknownSessionError(TurnError):
    """The notebook has no session of that id."""

    code = "unknown_session"


class UnknownTurnError(TurnError):
    """The notebook has no turn of that id."""

    code = "unknown_turn"


class AmbiguousNotebookError(TurnError):
    """One kernel serves several notebooks; the person must say which one."""

    code = "ambiguous_notebook"


class DivergedSessionError(TurnError):
    """Notebook and journal both went on from the same turn; the person must choose."""

    code = "diverged_session"


class BudgetExceededError(TurnError):
    """The notebook's budget is used up."""

    code = "budget_exceeded"


class PromptTooLargeError(TurnError):
    """The prompt is larger than the limit."""

    code = "prompt_too_large"


class AttachmentError(TurnError):
    """Something sent along with a prompt is too much, too large, or not what it says."""

    code = "attachment"


class NotHeadlessError(TurnError):
    """The action asks a person, and nobody is there to answer."""

    code = "headless"


# -- gateway ----------------------------------------------------------------------------------------------------------


class GatewayError(AgentHostError):
    """The gateway refused a request or could not reach the upstream."""

    code = "gateway"


class CredentialMissingError(GatewayError):
    """No model credential is configured on the server."""

    code = "credential_missing"


class UpstreamError(GatewayError):
    """The upstream answered with an error, or not at all."""

    code = "upstream"
    retryable = True


class AuditError(AgentHostError):
    """The audit log is required and cannot be written; nothing goes out until it can."""

    code = "audit"


# -- workspace --------------------------------------------------------------------------------------------------------


class WorkspaceError(AgentHostError):
    """The workspace could not be prepared or synchronised."""

    code = "workspace"


# -- the notebook's cells and kernel -----------------------------------------------------------------------------------


class NotebookError(AgentHostError):
    """The notebook's cells or kernel could not be reached, or refused what was asked of them."""

    code = "notebook"


class NotebookUnavailableError(NotebookError):
    """This host cannot reach what was asked for: no document server, no such kernel, a foreign frontend."""

    code = "notebook_unavailable"


class CellMissingError(NotebookError):
    """No cell of that id is in the notebook (any more)."""

    code = "cell_missing"


class CellChangedError(NotebookError):
    """The cell is not what the caller last saw. `current` is its text now."""

    code = "cell_changed"

    def __init__(self, message: str, *, cell_id: str = "", current: str = "", revision: str = "") -> None:
        super().__init__(message)
        self.cell_id = cell_id
        self.current = current
        self.revision = revision


class CellBusyError(NotebookError):
    """A person is typing in the cell, so nobody else may change it now."""

    code = "cell_busy"
    retryable = True


class ToolArgumentError(NotebookError):
    """A tool of the host was called with arguments that it cannot use."""

    code = "tool_arguments"


class ReviewError(AgentHostError):
    """A decision about a turn's changes cannot be carried out."""

    code = "review"


# -- doors ------------------------------------------------------------------------------------------------------------


class AuthenticationError(AgentHostError):
    """The caller did not prove who it is."""

    code = "authentication"


class ServerUnreachableError(AgentHostError):
    """The kernel could not find or reach its Jupyter server."""

    code = "server_unreachable"
    retryable = True
