"""Takes records, shows them to whoever listens, and writes them in batches. A failing disk is said once."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import final

import anyio
import anyio.to_thread
import msgspec

from jupyter_agent_host.errors import AuditError
from jupyter_agent_host.host.audit.audit_record import AuditRecord
from jupyter_agent_host.host.audit.rotating_file import RotatingFile
from jupyter_agent_host.host.settings import AuditSettings

logger = logging.getLogger(__name__)

_MAX_WAITING = 10_000
_BATCH = 500
_AGAIN_SECONDS = 5.0
_CLOSE_SECONDS = 5.0

Listener = Callable[[AuditRecord], None]


@final
class AuditLog:
    """One host's audit log. `run` must be running for anything to be written.

    Attributes:
        listeners: called with each record at once, on the host's event loop; what they raise is logged.
    """

    def __init__(self, file: RotatingFile, settings: AuditSettings) -> None:
        self.listeners: list[Listener] = []
        self._file = file
        self._settings = settings
        self._waiting: deque[AuditRecord] = deque()
        self._lost = 0
        self._trouble = ""
        self._wake = anyio.Event()
        self._encoder = msgspec.json.Encoder()

    def note(self, record: AuditRecord) -> None:
        """Take one record. Never waits, never fails: see `check`."""
        for listener in self.listeners:
            try:
                listener(record)
            except Exception:  # a listener is somebody else's; the record is to be written all the same
                logger.exception("a listener of the audit log failed")
        if not self._settings.enabled:
            return
        if len(self._waiting) >= _MAX_WAITING:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(record)
        self._wake.set()

    def check(self) -> None:
        """Say whether the agent may go on: always, unless the log is required and cannot be written.

        Raises:
            AuditError: it is required and broken.
        """
        if self._settings.required and (self._trouble or self._lost):
            raise AuditError(
                f"The audit log {self._file.path} cannot be written ({self._trouble or 'records were lost'}), and this"
                " server requires it: agents wait until the administrator has mended that."
            )

    async def run(self) -> None:
        """Write what comes until cancelled; then what is left, within some seconds."""
        try:
            if self._settings.required:
                await self._write_some()  # nothing yet, but whether it can be written is known from now on
            while True:
                if not self._waiting and not self._trouble:
                    self._wake = anyio.Event()
                    await self._wake.wait()
                if not await self._write_some():
                    await anyio.sleep(_AGAIN_SECONDS)
        finally:
            with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
                while self._waiting and await self._write_some():
                    pass

    async def _write_some(self) -> bool:
        """Write one batch; False when the disk refused, and the records wait on."""
        batch = [self._waiting[index] for index in range(min(_BATCH, len(self._waiting)))]
        lost = self._lost
        if lost:
            batch.insert(0, AuditRecord(kind="gap", detail=f"{lost} records were lost"))
        lines = b"".join(self._encoder.encode(record) + b"\n" for record in batch)
        try:
            await anyio.to_thread.run_sync(self._append, lines)
        except OSError as err:
            if not self._trouble:
                logger.error("The audit log %s cannot be written: %s", self._file.path, err.strerror)  # noqa: TRY400
            self._trouble = err.strerror or type(err).__name__
            return False
        if self._trouble:
            logger.warning("The audit log %s is written again", self._file.path)
        self._trouble = ""
        written = {id(record) for record in batch}
        while self._waiting and id(self._waiting[0]) in written:
            self._waiting.popleft()
        self._lost -= lost
        return True

    def _append(self, lines: bytes) -> None:
        self._file.append(lines, sync=self._settings.required)
