"""The browser pages that have notebooks open, and what they are asked to do to them.

Each page keeps one WebSocket (`page_socket`): it says which notebooks it has open, and answers one request at a time
for each. Without real-time collaboration such a page is the only place where a notebook's unsaved state lives.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Literal, Union
from uuid import uuid4

import anyio
import msgspec

from jupyter_agent_host.errors import NotebookUnavailableError
from jupyter_agent_host.protocol.events import Json

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 20.0
_MAX_NOTEBOOKS = 200
_MAX_PAGES = 100


class OpenNotebook(msgspec.Struct, frozen=True, rename="camel"):
    """One notebook in a page. `used` says when the person last did something there (milliseconds since the epoch)."""

    path: str
    dirty: bool = False
    collaborative: bool = False
    used: float = 0.0


class PageState(msgspec.Struct, frozen=True, tag_field="kind", tag="state"):
    """What a page has open now; `page_id` is random, and the same over all connections of one loaded page."""

    page_id: str
    notebooks: tuple[OpenNotebook, ...]


class PageAnswer(msgspec.Struct, frozen=True, tag_field="kind", tag="answer"):
    """A request's outcome: `result`, or a refusal with a code of `notebook` errors."""

    request_id: str
    result: Json = None
    code: str = ""
    cell_id: str = ""
    message: str = ""


PageMessage = Union[PageState, PageAnswer]
_decoder = msgspec.json.Decoder(PageMessage)


class PageRequest(msgspec.Struct, frozen=True):
    """`edit_id` lets a page that did this edit already answer again instead of doing it twice."""

    request_id: str
    op: Literal["read", "edit"]
    path: str
    edit_id: str = ""
    outputs_of: Sequence[str] = ()
    edits: Sequence[Json] = ()
    for_person: bool = False


class PageLostError(NotebookUnavailableError):
    """The page went away."""

    code = "page_lost"


class PageSilentError(NotebookUnavailableError):
    """The page is there and does not answer, as one does that a dialog of the browser or a debugger holds."""

    code = "page_silent"


class Page:
    """One connected page."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._waiting: dict[str, _Waiting] = {}
        self.page_id = ""
        self.notebooks: dict[str, OpenNotebook] = {}

    async def ask(self, request: PageRequest, seconds: float = ANSWER_SECONDS) -> PageAnswer:
        """Send a request and wait for its answer.

        Raises:
            PageLostError: the page went.
            PageSilentError: it did not answer in time.
        """
        waiting = self._waiting[request.request_id] = _Waiting()
        try:
            self._send(msgspec.json.encode(request))
            with anyio.move_on_after(seconds):
                await waiting.settled.wait()
        finally:
            del self._waiting[request.request_id]
        if waiting.answer is not None:
            return waiting.answer
        if waiting.settled.is_set():
            raise PageLostError("The page that has the notebook open went away.")
        done = " The edit may yet be made, or be made already: read the cells before you try again."
        raise PageSilentError(
            f"The page that has the notebook open has not answered for {seconds:.0f} s; ask the person to look at it."
            f"{done if request.op == 'edit' else ''}"
        )

    def answered(self, answer: PageAnswer) -> None:
        """One to a request that nobody waits for is ignored."""
        waiting = self._waiting.get(answer.request_id)
        if waiting is not None:
            waiting.answer = answer
            waiting.settled.set()

    def lost(self) -> None:
        """The connection ended: nobody will answer."""
        for waiting in self._waiting.values():
            waiting.settled.set()


class _Waiting:
    def __init__(self) -> None:
        self.settled = anyio.Event()
        self.answer: PageAnswer | None = None


class Pages:
    """Every connected page of this server."""

    def __init__(self) -> None:
        self._pages: list[Page] = []
        self._changed = anyio.Event()

    def add(self, page: Page) -> None:
        """A page connected."""
        if len(self._pages) >= _MAX_PAGES:
            self._pages[0].lost()
            del self._pages[0]
        self._pages.append(page)

    def remove(self, page: Page) -> None:
        """Its connection ended. Idempotent."""
        if page in self._pages:
            self._pages.remove(page)
        page.lost()
        self._tell()

    def heard(self, page: Page, data: str | bytes) -> None:
        """Take one message.

        Raises:
            ValueError: it is none.
        """
        message = _decoder.decode(data)
        if isinstance(message, PageAnswer):
            page.answered(message)
            return
        page.page_id = message.page_id[:64]
        page.notebooks = {open_one.path: open_one for open_one in message.notebooks[:_MAX_NOTEBOOKS]}
        self._tell()

    def having(self, api_path: str) -> list[Page]:
        """The pages that have this notebook open, unsaved ones and the last used first."""
        found = [page for page in self._pages if api_path in page.notebooks]
        return sorted(found, key=lambda page: _rank(page.notebooks[api_path]), reverse=True)

    async def back(self, page_id: str, api_path: str, seconds: float) -> Page | None:
        """The same page on its next connection, if it comes back soon."""
        with anyio.move_on_after(seconds):
            while True:
                changed = self._changed
                for page in self.having(api_path):
                    if page.page_id == page_id:
                        return page
                await changed.wait()
        return None

    def _tell(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()


def new_id() -> str:
    """For a request or an edit."""
    return uuid4().hex


def _rank(notebook: OpenNotebook) -> tuple[bool, float]:
    return notebook.dirty, notebook.used
