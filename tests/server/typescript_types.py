"""The types that a plain TypeScript module exports, in a form that can be compared with a JSON schema.

A type is a set of alternatives: `string`, `number`, `boolean`, `null`, `json` (anything), `"literal"`, `array<...>`,
and `ref:Name` for an interface or a schema of that name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Alternatives = frozenset[str]

_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z_$][\w$]*)|'(?P<literal>[^']*)'|(?P<sign>\[\]|[{}()\[\]|;:?,]))")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DECLARATION = re.compile(r"^export (?:interface (\w+) |type (\w+) =)", re.MULTILINE)


@dataclass(frozen=True)
class Field:
    """One property; `optional` is TypeScript's question mark."""

    type: Alternatives
    optional: bool


@dataclass
class Module:
    """Interfaces by name, and the alternatives of every alias."""

    interfaces: dict[str, dict[str, Field]] = field(default_factory=dict)
    aliases: dict[str, Alternatives] = field(default_factory=dict)


def read_module(source: str) -> Module:
    """Parse interfaces and type aliases of `source`; an alias that is used must be declared before."""
    text = _COMMENT.sub("", source)
    module = Module()
    names = {name for name, _ in _DECLARATION.findall(text) if name}
    for match in _DECLARATION.finditer(text):
        parser = _Parser(text, match.end(), names, module)
        interface, alias = match.groups()
        if alias == "Json":
            module.aliases[alias] = frozenset({"json"})
        elif alias:
            module.aliases[alias] = parser.union()
        else:
            module.interfaces[interface] = parser.fields()
    return module


class _Parser:
    def __init__(self, text: str, at: int, names: set[str], module: Module) -> None:
        self._text = text
        self._at = at
        self._names = names
        self._module = module

    def fields(self) -> dict[str, Field]:
        """`{ a: T; b?: U }`; an index signature counts as a field called `[]`."""
        self._take("{")
        found: dict[str, Field] = {}
        while not self._try("}"):
            if self._try("["):
                name = "[]"
                self._next()
                self._take(":")
                self._next()
                self._take("]")
            else:
                name = self._next()
            optional = self._try("?")
            self._take(":")
            found[name] = Field(self.union(), optional)
            self._try(";")
        return found

    def union(self) -> Alternatives:
        self._try("|")
        found = self._one()
        while self._try("|"):
            found |= self._one()
        return found

    def _one(self) -> Alternatives:
        found = self._primary()
        while self._try("[]"):
            found = frozenset({f"array<{canonical(found)}>"})
        return found

    def _primary(self) -> Alternatives:
        if self._peek() == "{":
            fields = self.fields()
            inner = ",".join(f"{name}:{canonical(each.type)}" for name, each in sorted(fields.items()))
            return frozenset({"json" if set(fields) == {"[]"} else f"object<{inner}>"})
        if self._try("("):
            found = self.union()
            self._take(")")
            return found
        word = self._next()
        if word.startswith("'"):
            return frozenset({f'"{word[1:-1]}"'})
        if word in self._module.aliases:
            return self._module.aliases[word]
        return frozenset({f"ref:{word}" if word in self._names else word})

    def _match(self) -> re.Match[str]:
        match = _TOKEN.match(self._text, self._at)
        assert match, f"cannot read on from {self._text[self._at : self._at + 60]!r}"
        return match

    def _peek(self) -> str:
        return self._match().group().strip()

    def _next(self) -> str:
        match = self._match()
        self._at = match.end()
        return match.group().strip()

    def _try(self, sign: str) -> bool:
        if _TOKEN.match(self._text, self._at) and self._peek() == sign:
            self._next()
            return True
        return False

    def _take(self, sign: str) -> None:
        assert self._try(sign), f"expected {sign!r} at {self._text[self._at : self._at + 60]!r}"


def canonical(alternatives: Alternatives) -> str:
    """The alternatives as one text; `json` swallows all others."""
    return "json" if "json" in alternatives else "|".join(sorted(alternatives))
