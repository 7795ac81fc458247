"""One turn and its text for people: events folded to a value, and that value as MIME bundle, Markdown or plain text.

Owns the fold (`turn_view.py`, where one enters: `fold` and `TurnView`), the words about a turn, the final output of a
cell (`mime_bundle.py`), and the sanitizer that makes an agent's Markdown harmless. Pure, and stands on `protocol`
alone. Called by `notebook` and `server`; the panel has the same rules in TypeScript (`labextension/src/turns`,
`labextension/src/markdown`).
"""
