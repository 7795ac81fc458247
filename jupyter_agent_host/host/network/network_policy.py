"""Who may be reached: a pure decision from the server's policy and the notebook's own rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.gateway.egress import Destination
from jupyter_agent_host.host.gateway.egress.dialer import private
from jupyter_agent_host.host.gateway.egress.public_addresses import what_is
from jupyter_agent_host.host.network.host_presets import PRESETS
from jupyter_agent_host.host.network.host_rules import HostRule, first_naming, read_rule
from jupyter_agent_host.host.settings import NetworkSettings

Verdict = Literal["allow", "ask", "deny"]


@dataclass(frozen=True)
class HostDecision:
    """What is to happen with one destination, the rule that says so, and the sentence of a refusal."""

    verdict: Verdict
    rule: str
    sentence: str = ""
    companys_own: bool = False


class NetworkPolicy:
    """The server's policy.

    Raises:
        ConfigError: a rule or preset cannot be read.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        self.allowed = {text: read_rules(text) for text in settings.allowed_hosts}
        self.denied = {text: read_rules(text) for text in settings.denied_hosts}
        self._private = [rule for text in settings.private_hosts for rule in read_rules(text)]
        self.asks = settings.policy == "ask" and not settings.locked
        self.locked = settings.locked

    def decide(self, destination: Destination, notebook: Mapping[str, str]) -> HostDecision:
        """What is to happen. `notebook`: the notebook's own rules, each to "allow" or "deny".

        A denial wins over every permission; the notebook's own permissions count only where the policy is not locked.
        Nobody is asked about what could not be reached anyway: private addresses, names without a dot.
        """
        found = (
            self._named(self.denied, destination, "deny", "denied_hosts")
            or _notebooks_own(notebook, "deny", destination)
            or self._named(self.allowed, destination, "allow", "allowed_hosts")
            or (None if self.locked else _notebooks_own(notebook, "allow", destination))
        )
        if found is not None:
            return found
        own = self._is_companys_own(destination)
        if destination.address is not None and what_is(destination.address) and not own:
            return HostDecision("deny", "private_address", private(destination, what_is(destination.address)).sentence)
        if self.asks and (own or destination.address is not None or "." in destination.host):
            return HostDecision("ask", "network_policy: ask", companys_own=own)
        return HostDecision("deny", "network_off", self._off(destination, notebook))

    def decide_service(self, name: str, destination: Destination, notebook: Mapping[str, str]) -> HostDecision:
        """The same for a service that the administrator set up: allowed, unless a rule denies its host."""
        found = self._named(self.denied, destination, "deny", "denied_hosts") or _notebooks_own(
            notebook, "deny", destination
        )
        return found or HostDecision("allow", f"service {name}")

    def _named(
        self, rules: Mapping[str, tuple[HostRule, ...]], destination: Destination, verdict: Verdict, where: str
    ) -> HostDecision | None:
        for text, parts in rules.items():
            if first_naming(parts, destination) is not None:
                rule = f"{where}: {text}"
                sentence = _denied(destination, f"the server's rule {text!r} in {where}")
                return HostDecision(verdict, rule, sentence, companys_own=self._is_companys_own(destination))
        return None

    def _is_companys_own(self, destination: Destination) -> bool:
        return first_naming(self._private, destination) is not None

    def _off(self, destination: Destination, notebook: Mapping[str, str]) -> str:
        if self.locked:
            return (
                f"Network access to {destination} is off: it is not on this server's list of allowed hosts,"
                " which only the administrator can change."
            )
        if not self.allowed and "allow" not in notebook.values():
            return (
                f"Network access from the sandbox is off: only the model can be reached, not {destination}."
                f" The person can allow it with: %agent network allow {destination.host}"
            )
        return (
            f"Network access to {destination} is off: it is not on the list of allowed hosts."
            f" The person can allow it with: %agent network allow {destination.host}"
        )


def read_rules(text: str) -> tuple[HostRule, ...]:
    """The rules that one entry stands for: a preset's name, or a rule.

    Raises:
        ConfigError: it is neither.
    """
    if text in PRESETS:
        return tuple(read_rule(host) for host in PRESETS[text])
    rule = read_rule(text)
    if not rule.below and rule.host and "." not in rule.host and ":" not in rule.host and "-" in rule.host:
        raise ConfigError(f"{text!r} is neither a host nor a preset; presets are {', '.join(PRESETS)}.")
    return (rule,)


def canonical(text: str) -> str:
    """The one spelling of an entry under which a notebook keeps it.

    Raises:
        ConfigError: as `read_rules`.
    """
    rules = read_rules(text)
    return text if text in PRESETS else rules[0].text


def rule_for(destination: Destination) -> str:
    """The narrowest rule that names a destination."""
    return str(destination)


def _notebooks_own(notebook: Mapping[str, str], verdict: Verdict, destination: Destination) -> HostDecision | None:
    for text in _with(notebook, verdict):
        if first_naming(read_rules(text), destination) is not None:
            sentence = _denied(destination, f"this notebook's own rule {text!r} (%agent network revoke {text})")
            return HostDecision(verdict, f"notebook: {text}", sentence)
    return None


def _with(notebook: Mapping[str, str], verdict: Verdict) -> Iterable[str]:
    return (text for text, said in notebook.items() if said == verdict)


def _denied(destination: Destination, by: str) -> str:
    return f"Network access to {destination} is denied by {by}."
