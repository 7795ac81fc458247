"""What the Agent SDK is given: its options, hooks, session store, permission callback and the notebook's MCP server.

`sdk_options.py` is where one enters. Called by `runner.session`, which owns the SDK's client.
"""
