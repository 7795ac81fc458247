"""Durable state: the journal in the data folder, and the saved session that travels in the notebook.

`journal/` is SQLite, written before anything is shown; `envelope/` is `metadata.agent_host`, pure functions.
`notebook_identity.py` decides from both which conversation goes on. Called by the host; nothing here knows an agent.
"""
