"""What a person decides: grants, permissions, caps, and which of two conversations goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from house import House, OpenHouse, Talk

from jupyter_agent_host.errors import DivergedSessionError, EnvelopeUntrustedError
from jupyter_agent_host.protocol.events import FilesRefused, Notice, PermissionAsked, PermissionSettled
from jupyter_agent_host.protocol.host_api import AnswerRequest, GrantRequest, Simple, TrustRequest
from jupyter_agent_host.protocol.review_api import RevokeRequest
from jupyter_agent_host.sandbox.provider_registry import load_provider
from jupyter_agent_host.store.envelope.signatures import derive_key
from jupyter_agent_host.store.journal.rows import SandboxRow

pytestmark = pytest.mark.anyio

SHARED = (derive_key(b"shared"),)


def running(command: str) -> dict[str, Any]:
    """A script in which `work` runs one command and tells what came of it."""
    return {
        "rules": [
            {"when": {"prompt": "recall"}, "say": "Earlier prompts: {recall}."},
            {
                "when": {"prompt": "work"},
                "steps": [
                    {"tools": [{"name": "Bash", "input": {"command": command}}]},
                    {"say": "Result: {last_tool_result}"},
                ],
            },
        ],
        "otherwise": {"say": "Scripted: {prompt}"},
    }


async def answered(house: House, talk: Talk, decision: Any, message: str = "", **more: Any) -> Talk:
    """Answer the turn's one question, twice: the second answer comes too late."""
    async for record in house.events(talk):
        if isinstance(record.event, PermissionAsked):
            asked = record.event.request_id
            request = AnswerRequest(request_id=asked, decision=decision, message=message, **more)
            assert (await house.info()).pending_permissions == (record.event.request_id,)
            assert (await house.do("answer", request)).ok
            assert not (await house.do("answer", request)).ok
            break
    await house.finish(talk)
    return talk


async def test_a_guarded_file_waits_for_a_grant_and_the_agent_is_told(open_house: OpenHouse) -> None:
    async with open_house(script=running("echo 1 > sitecustomize.py")) as house:
        talk = await house.ask("work")
        target = house.notebook.with_name("sitecustomize.py")
        assert {path for event in talk.of(FilesRefused) for path in event.paths} == {"sitecustomize.py"}
        assert not target.exists()
        assert "%agent grant" in house.last_messages()
        assert (await house.info()).refused_files == ("sitecustomize.py",)
        await house.do("grant", GrantRequest(target="sitecustomize.py"))
        assert target.read_text() == "1\n"
        assert (await house.info()).refused_files == ()


async def test_in_mode_default_the_person_allows_a_tool(open_house: OpenHouse) -> None:
    async with open_house(script=running("echo 1 > made.txt"), permission_mode="default") as house:
        talk = await answered(house, await house.begin("work"), "allow")
        assert talk.ended.status == "completed"
        assert house.notebook.with_name("made.txt").exists()
        assert [(event.decision, event.by) for event in talk.of(PermissionSettled)] == [("allow", "tester")]


async def test_what_was_allowed_for_the_notebook_is_not_asked_about_again_until_it_is_taken_back(
    open_house: OpenHouse,
) -> None:
    async with open_house(script=running("echo 1 > made.txt"), permission_mode="default") as house:
        await answered(house, await house.begin("work"), "allow", remember="notebook")
        again = await house.ask("work")
        assert [(event.decision, event.by) for event in again.of(PermissionSettled)] == [("allow", "grant")]
        listed = await house.manager.call(house.ref(), "grants", Simple())
        assert [grant.tool for grant in listed.tools] == ["Bash"]  # type: ignore[attr-defined]
        await house.do("revoke", RevokeRequest(target="Bash"))
        denied = await answered(house, await house.begin("work"), "deny")
        assert [event.by for event in denied.of(PermissionSettled)] == ["tester"]


async def test_in_mode_default_the_person_denies_a_tool_in_words(open_house: OpenHouse) -> None:
    async with open_house(script=running("echo 1 > made.txt"), permission_mode="default") as house:
        talk = await answered(house, await house.begin("work"), "deny", "use the other file")
        assert "use the other file" in talk.ended.text
        assert not house.notebook.with_name("made.txt").exists()
        assert (await house.info()).pending_permissions == ()


async def test_where_nobody_is_there_to_answer_the_agent_goes_on_without(open_house: OpenHouse) -> None:
    async with open_house(script=running("echo 1 > made.txt"), permission_mode="default") as house:
        talk = await house.ask("work", headless=True)
        assert talk.ended.status == "completed"
        assert "without a person" in talk.ended.text
        assert [event.by for event in talk.of(PermissionSettled)] == ["headless"]


async def test_a_turns_own_budget_ends_that_turn_and_no_other(open_house: OpenHouse) -> None:
    async with open_house(script=running("echo 1")) as house:
        talk = await house.ask("work", max_budget_usd=0.000001)
        assert talk.ended.status == "budget"
        assert talk.ended.cost_usd > 0
        assert (await house.ask("work")).ended.status == "completed"


async def carried(open_house: OpenHouse, **changes: Any) -> dict[str, Any]:
    """What a notebook on machine one remembers after one turn."""
    async with open_house(**changes) as house:
        talk = await house.ask("hello there")
        envelope = await house.manager.flush(talk.accepted.notebook_id)
    assert envelope is not None
    return envelope


async def test_an_unsigned_notebook_is_believed_by_nobody(open_house: OpenHouse, tmp_path: Path) -> None:
    envelope = await carried(open_house, signing_keys=())
    async with open_house(machine="two", project=tmp_path / "elsewhere") as house:
        assert (await house.info(envelope=envelope)).trust == "unsigned"
        with pytest.raises(EnvelopeUntrustedError):
            await house.begin("recall", ref=house.ref(envelope))
        await house.do("trust", TrustRequest(choice="fresh"), envelope=envelope)
        talk = await house.ask("recall", ref=house.ref(envelope))
        assert "hello there" not in talk.ended.text
        assert [row.data for row in await house.manager.services.journal.aside(talk.accepted.notebook_id)]


async def test_a_pointer_goes_on_where_its_journal_is_and_says_nothing_elsewhere(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    envelope = await carried(open_house, save_state="pointer")
    assert "hello there" not in str(envelope)
    async with open_house(save_state="pointer") as house:
        assert "hello there" in (await house.ask("recall", ref=house.ref(envelope))).ended.text
    async with open_house(machine="two", project=tmp_path / "elsewhere", save_state="pointer") as house:
        talk = await house.ask("recall", ref=house.ref(envelope))
        assert "hello there" not in talk.ended.text
        assert any("only points to" in notice.text for notice in talk.of(Notice))


@pytest.mark.parametrize(("choice", "kept", "left"), [("notebook", "beta", "gamma"), ("journal", "gamma", "beta")])
async def test_of_two_conversations_the_person_chooses_one(
    open_house: OpenHouse, tmp_path: Path, choice: Any, kept: str, left: str
) -> None:
    alpha = await carried(open_house, signing_keys=SHARED)
    async with open_house(machine="two", project=tmp_path / "elsewhere", signing_keys=SHARED) as house:
        talk = await house.ask("beta", ref=house.ref(alpha))
        beta = await house.manager.flush(talk.accepted.notebook_id)
    async with open_house(signing_keys=SHARED) as house:
        await house.ask("gamma", ref=house.ref(alpha))
        with pytest.raises(DivergedSessionError):
            await house.begin("recall", ref=house.ref(beta))
        await house.do("trust", TrustRequest(choice=choice), envelope=beta)
        text = (await house.ask("recall", ref=house.ref(beta))).ended.text
        assert "hello there" in text
        assert kept in text
        assert left not in text


async def test_a_host_opens_whatever_an_earlier_one_left(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        talk = await house.ask("hello there")
        for provider in ("process", "never-heard-of"):
            await house.manager.services.journal.put_sandbox(
                SandboxRow(
                    sandbox_id=f"left by {provider}",
                    provider=provider,
                    notebook_id=talk.accepted.notebook_id,
                    session_id=talk.accepted.session_id,
                    token="t",
                    created=time.time(),
                )
            )

    async def broken(_self: object, _host_id: str) -> None:
        raise ValueError("a plug-in's own trouble")

    monkeypatch.setattr(type(load_provider("process", None)), "reattach", broken)
    async with open_house() as house:
        assert "hello there" in (await house.ask("recall")).ended.text
