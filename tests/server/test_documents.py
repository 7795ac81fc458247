"""The saved session in the notebook's file, without real-time collaboration."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from jupyter_agent_host.server.documents.live_documents import LiveDocuments
from jupyter_agent_host.server.documents.notebook_paths import NotebookPaths
from jupyter_agent_host.server.documents.saved_sessions import Documents

pytestmark = pytest.mark.anyio

ID = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
NEW = {"notebook_id": ID, "head": "new"}
NO_RTC = LiveDocuments(SimpleNamespace(extension_manager=SimpleNamespace(extension_apps={})))  # type: ignore[arg-type]


class Prepared(dict[str, dict[str, Any]]):
    """Envelopes by notebook id, as the manager has them."""

    def envelope(self, notebook_id: str) -> dict[str, Any] | None:
        return self.get(notebook_id)

    def stripped(self, notebook_id: str) -> bool:
        """Nobody took a session out of these notebooks."""
        assert notebook_id
        return False


@pytest.fixture
def told() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def documents(tmp_path: Path, told: list[tuple[str, str]]) -> Documents:
    made = Documents(NotebookPaths(str(tmp_path)), NO_RTC, lambda *what: told.append(what))
    made.attach(Prepared({ID: NEW}))
    return made


def put(path: Path, metadata: dict[str, Any]) -> str:
    path.write_text(json.dumps({"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return str(path.resolve())


def remove(path: str) -> None:
    Path(path).unlink()


def metadata_on_disk(path: str) -> Any:
    return json.loads(Path(path).read_text())["metadata"]


def model(metadata: dict[str, Any]) -> dict[str, Any]:
    return {"type": "notebook", "content": {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}}


def save(documents: Documents, metadata: dict[str, Any], path: str = "a.ipynb") -> dict[str, Any]:
    saved = model(metadata)
    documents.complete_save(model=saved, path=path, contents_manager=None)
    content: dict[str, Any] = saved["content"]["metadata"]
    return content


async def test_a_save_gets_the_prepared_session_and_the_same_again(documents: Documents, tmp_path: Path) -> None:
    documents.remember(put(tmp_path / "a.ipynb", {}), ID)
    first = save(documents, {"kernelspec": {"name": "python3"}})
    assert first == {"kernelspec": {"name": "python3"}, "agent_host": NEW}
    assert json.dumps(save(documents, dict(first))) == json.dumps(first)


async def test_a_stale_copy_is_replaced(documents: Documents, tmp_path: Path) -> None:
    documents.remember(put(tmp_path / "a.ipynb", {}), ID)
    assert save(documents, {"agent_host": {"notebook_id": ID, "head": "old"}})["agent_host"] == NEW


async def test_another_notebooks_session_is_left_alone(documents: Documents, tmp_path: Path) -> None:
    documents.remember(put(tmp_path / "a.ipynb", {}), ID)
    foreign = {"notebook_id": OTHER, "head": "theirs"}
    assert save(documents, {"agent_host": foreign})["agent_host"] == foreign


async def test_a_copy_replaces_the_originals_session_once_the_host_has_judged_it(
    documents: Documents, tmp_path: Path
) -> None:
    original = {"notebook_id": OTHER, "head": "original"}
    documents.remember(put(tmp_path / "a.ipynb", {"agent_host": original}), ID, saved=original)
    assert save(documents, {"agent_host": original})["agent_host"] == NEW


async def test_an_unknown_notebook_is_left_alone(documents: Documents, tmp_path: Path) -> None:
    put(tmp_path / "a.ipynb", {})
    assert save(documents, {}) == {}


async def test_a_new_notebook_does_not_inherit_what_was_at_its_path(documents: Documents, tmp_path: Path) -> None:
    path = put(tmp_path / "a.ipynb", {})
    documents.remember(path, ID)
    remove(path)
    assert save(documents, {}) == {}
    put(tmp_path / "a.ipynb", {})
    assert save(documents, {}) == {}


async def test_a_page_older_than_the_server_loses_nothing(documents: Documents, tmp_path: Path) -> None:
    saved = {"notebook_id": OTHER, "head": "on disk"}
    documents.remember(put(tmp_path / "a.ipynb", {"agent_host": saved}), OTHER)
    assert save(documents, {})["agent_host"] == saved


async def test_undecided_state_stays_as_the_page_has_it(documents: Documents, tmp_path: Path) -> None:
    foreign = {"notebook_id": OTHER, "head": "theirs"}
    documents.remember(put(tmp_path / "a.ipynb", {"agent_host": {"notebook_id": OTHER, "head": "disk"}}), OTHER)
    assert save(documents, {"agent_host": foreign})["agent_host"] == foreign


async def test_without_a_host_nothing_is_added_and_nothing_lost(documents: Documents, tmp_path: Path) -> None:
    documents.remember(put(tmp_path / "a.ipynb", {}), ID)
    documents.detach()
    assert save(documents, {}) == {}
    saved = {"notebook_id": ID, "head": "on disk"}
    put(tmp_path / "a.ipynb", {"agent_host": saved})
    assert save(documents, {"kernelspec": {}}) == {"kernelspec": {}, "agent_host": saved}
    assert save(documents, {"agent_host": None}) == {"agent_host": None}


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"type": "file", "content": "text"},
        {"type": "directory"},
        {"type": "notebook"},
        {"type": "notebook", "content": None},
        {"type": "notebook", "content": {}},
        {"type": "notebook", "content": {"metadata": []}},
    ],
)
async def test_whatever_is_saved_the_hook_does_not_raise(documents: Documents, odd: dict[str, Any]) -> None:
    before = json.dumps(odd)
    documents.complete_save(model=odd, path="a.ipynb", contents_manager=None)
    assert json.dumps(odd) == before


async def test_the_file_is_read_and_read_again_only_when_it_changed(documents: Documents, tmp_path: Path) -> None:
    path = put(tmp_path / "a.ipynb", {"agent_host": {"head": "1"}})
    first = await documents.saved(path)
    assert first == {"head": "1"}
    assert await documents.saved(path) is first
    put(tmp_path / "a.ipynb", {"agent_host": {"head": "two"}})
    assert await documents.saved(path) == {"head": "two"}


@pytest.mark.timeout(20)
async def test_what_is_no_file_is_not_read(documents: Documents, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.ipynb")  # reading it would never begin
    (tmp_path / "b.ipynb").symlink_to("/dev/zero")  # nor end
    for name in ("a.ipynb", "b.ipynb"):
        assert await documents.saved(str(tmp_path / name)) is None
        assert save(documents, {}, name) == {}


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff\xfe", b'{"metadata": 1}', b"[" * 100_000])
async def test_a_file_without_a_session_has_none(documents: Documents, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.ipynb").write_bytes(content)
    assert await documents.saved(str(tmp_path / "a.ipynb")) is None


async def test_pages_are_told_of_the_last_envelope_only(
    documents: Documents, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    path = put(tmp_path / "a.ipynb", {})
    for _ in range(3):
        documents.prepared(ID, path, NEW)
    async with anyio.create_task_group() as group:
        group.start_soon(documents.publish_prepared)
        with anyio.fail_after(5):
            while not told:  # noqa: ASYNC110 - the product calls back; there is no event to wait for
                await anyio.sleep(0.01)
        await anyio.sleep(0.05)
        group.cancel_scope.cancel()
    assert told == [(ID, "a.ipynb")]
    assert metadata_on_disk(path) == {}, "the server itself never writes the file"
    assert save(documents, {})["agent_host"] == NEW


async def test_a_renamed_notebook_keeps_its_session(documents: Documents, tmp_path: Path) -> None:
    old = put(tmp_path / "a.ipynb", {})
    documents.remember(old, ID)
    new = put(tmp_path / "b.ipynb", {})
    documents.move(old, new)
    assert save(documents, {}, "b.ipynb")["agent_host"] == NEW
    assert save(documents, {}, "a.ipynb") == {}
