"""The saved session in a notebook's metadata (`metadata.agent_host`): built, read, judged, signed and trimmed.

`envelope.py` is where one enters and the only file that others import. Pure functions; `envelope.schema.json` is the
published form. Called by the host's sessions.
"""
