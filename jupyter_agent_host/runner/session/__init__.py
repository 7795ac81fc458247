"""Sessions of one runner: each is one SDK client, owned by one task from connect to disconnect.

`session_registry.py` is where one enters (by id), `sdk_session.py` is one of them; its prompts wait in
`prompt_queue.py`. Called by the runner and by the host's commands.
"""
