"""One notebook's network, as the gateway asks for it: decides, asks the person, counts, records."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import anyio

from jupyter_agent_host.errors import AuditError
from jupyter_agent_host.host.audit import AuditLog, AuditRecord
from jupyter_agent_host.host.gateway.egress import Destination, EgressRecord, EgressRefusal, Permitted
from jupyter_agent_host.host.network.mcp_servers import NotebookMcp
from jupyter_agent_host.host.network.network_policy import HostDecision, NetworkPolicy
from jupyter_agent_host.host.network.traffic_limits import TOO_MANY, Amounts
from jupyter_agent_host.host.settings import McpSettings, NetworkSettings
from jupyter_agent_host.protocol.events import PermissionAsked
from jupyter_agent_host.protocol.host_api import AnswerRequest
from jupyter_agent_host.store.journal.journal import Journal
from jupyter_agent_host.store.journal.rows import ChoiceRow

KIND = "network"
NETWORK_TOOL = "Network"
"""What a question about a host names as its tool."""

_MAX_DIALLING = 8
_MAX_QUESTIONS = 4
_MAX_REFUSED_TOLD = 20


class TurnIds(Protocol):
    """Where the notebook stands now; the ids are "" outside of any turn."""

    @property
    def turn_id(self) -> str: ...

    @property
    def session_id(self) -> str: ...

    @property
    def headless(self) -> bool: ...


Ask = Callable[[PermissionAsked, str, bool], Awaitable[AnswerRequest]]
"""Puts a question to the person: the question, the turn's id, whether nobody is there."""


@dataclass(frozen=True)
class NetworkServices:
    """What the networks of all notebooks of one host share."""

    settings: NetworkSettings
    policy: NetworkPolicy
    journal: Journal
    audit: AuditLog
    mcp_servers: tuple[McpSettings, ...] = ()


class NotebookNetwork:
    """See `host.gateway.egress.Network`. `load` once before use.

    Attributes:
        rules: the notebook's own, each to "allow" or "deny", oldest first.
        refused: destinations refused since they were last told to the agent, with the sentence.
    """

    def __init__(self, notebook_id: str, services: NetworkServices, turn: TurnIds, ask: Ask) -> None:
        self.rules: dict[str, Literal["allow", "deny"]] = {}
        self.refused: dict[str, str] = {}
        self.amounts = Amounts(services.settings)
        self.dialling = anyio.CapacityLimiter(_MAX_DIALLING)
        self.mcp = NotebookMcp(notebook_id, services.mcp_servers, services.journal)
        self._notebook_id = notebook_id
        self._services = services
        self._turn = turn
        self._ask = ask
        self._answers: dict[Destination, AnswerRequest] = {}
        self._asking: set[Destination] = set()
        self._answers_of = ""

    @property
    def policy(self) -> NetworkPolicy:
        return self._services.policy

    async def load(self) -> None:
        """Read the notebook's own rules from the journal."""
        rows = await self._services.journal.choices(self._notebook_id, KIND)
        self.rules = {row.name: "allow" if row.verdict == "allow" else "deny" for row in rows}
        await self.mcp.load()

    async def choose(self, rule: str, verdict: Literal["allow", "deny"], actor: str) -> None:
        """Add a rule of the notebook's own, or change it. `rule` is canonical."""
        row = ChoiceRow(self._notebook_id, KIND, rule, verdict, actor, time.time())
        await self._services.journal.put_choice(row)
        self.rules[rule] = verdict
        self._answers.clear()

    async def revoke(self, rule: str) -> bool:
        """Take a rule of the notebook's own back; False if there was none."""
        await self._services.journal.drop_choice(self._notebook_id, KIND, rule)
        self._answers.clear()
        return self.rules.pop(rule, None) is not None

    def take_refused(self) -> dict[str, str]:
        """What was refused since this was last asked: destination to sentence."""
        refused, self.refused = self.refused, {}
        return refused

    # -- for the gateway ----------------------------------------------------------------------------------------------

    async def permit(self, destination: Destination) -> Permitted:
        """Decide, asking the person where the policy says so.

        Raises:
            EgressRefusal: it may not be reached.
        """
        self._check_audit()
        decision = self.policy.decide(destination, self.rules)
        if decision.verdict == "ask":
            return await self._permit_by_person(destination, decision)
        if decision.verdict == "deny":
            raise self._refusal(destination, decision.rule, decision.sentence)
        return Permitted(decision.rule, companys_own=decision.companys_own)

    async def permit_service(self, name: str, use: str, destination: Destination) -> Permitted:
        """Decide about a service; an MCP server must be one that this notebook has.

        Raises:
            EgressRefusal: it may not be reached.
        """
        self._check_audit()
        if use == "mcp" and not self.mcp.has(name):
            raise EgressRefusal("mcp_off", f"The MCP server {name!r} is off in this notebook.")
        decision = self.policy.decide_service(name, destination, self.rules)
        if decision.verdict == "deny":
            raise self._refusal(destination, decision.rule, decision.sentence)
        return Permitted(decision.rule)

    def count(self, size: int) -> None:
        self.amounts.count(size)

    def open_one(self) -> None:
        self.amounts.open_one()

    def close_one(self) -> None:
        self.amounts.close_one()

    async def record(self, record: EgressRecord) -> None:
        """Write it down; too many connections only now and then, or a flood would wash the rest away."""
        if record.rule == TOO_MANY and not self.amounts.may_tell():
            return
        self._services.audit.note(
            AuditRecord(
                kind="credential" if record.via.startswith("service ") else "egress",
                name=record.via.removeprefix("service ") if record.via.startswith("service ") else "",
                notebook_id=self._notebook_id,
                session_id=self._turn.session_id,
                turn_id=self._turn.turn_id,
                outcome=record.verdict,
                rule=record.rule,
                host=record.destination.host,
                port=record.destination.port,
                address=record.address,
                via=record.via,
                bytes_in=record.bytes_in,
                bytes_out=record.bytes_out,
                duration_ms=record.duration_ms,
            )
        )

    # -- asking -------------------------------------------------------------------------------------------------------

    async def _permit_by_person(self, destination: Destination, decision: HostDecision) -> Permitted:
        turn_id = self._turn.turn_id
        if turn_id != self._answers_of:
            self._answers.clear()
            self._answers_of = turn_id
        answer = self._answers.get(destination)
        if answer is None:
            answer = await self._answer(destination, turn_id)
        if answer.decision == "allow":
            return Permitted("allowed by a person", companys_own=decision.companys_own)
        why = f" {answer.message}" if answer.message else ""
        raise self._refusal(destination, "denied by a person", f"Network access to {destination} was not allowed.{why}")

    async def _answer(self, destination: Destination, turn_id: str) -> AnswerRequest:
        if destination not in self._asking and len(self._asking) >= _MAX_QUESTIONS:
            raise self._refusal(
                destination,
                "too_many_questions",
                f"Network access to {destination} was not asked for: {_MAX_QUESTIONS} questions about hosts wait"
                " for the person already.",
            )
        first = destination not in self._asking
        self._asking.add(destination)
        try:
            answer = await self._ask(_question(self._notebook_id, destination, turn_id), turn_id, self._turn.headless)
        finally:
            if first:
                self._asking.discard(destination)
        if self._turn.turn_id == turn_id:
            self._answers[destination] = answer
        if answer.remember == "notebook" and str(destination) not in self.rules:
            await self.choose(str(destination), answer.decision, "answer")
        return answer

    def _check_audit(self) -> None:
        try:
            self._services.audit.check()
        except AuditError as err:
            raise EgressRefusal("audit_required", str(err)) from err

    def _refusal(self, destination: Destination, rule: str, sentence: str) -> EgressRefusal:
        if len(self.refused) < _MAX_REFUSED_TOLD:
            self.refused.setdefault(str(destination), sentence)
        return EgressRefusal(rule, sentence)


def _question(notebook_id: str, destination: Destination, turn_id: str) -> PermissionAsked:
    """One question for any number of connections: the id says what is asked about, and in which turn."""
    digest = hashlib.sha256(f"network\0{notebook_id}\0{turn_id}\0{destination}".encode()).hexdigest()
    return PermissionAsked(
        request_id=f"network-{digest[:32]}",
        tool_name=NETWORK_TOOL,
        input={"host": destination.host, "port": destination.port},
        details={"effect": "network", "mayRemember": True},
        title=f"Let the agent reach {destination}?",
        description="Whatever the agent has seen could be sent there. Allow it once for this turn, or for this"
        " notebook from now on.",
    )
