"""Files on both sides, one at a time: opened without following links, named, hidden, compared, copied, kept.

Owns no policy but names and masks. Called by all of `host.workspace`, by `host.review`, and for names and masks by
`host.permissions` and the agent kernel's completion. Entered by the file of the operation.
"""
