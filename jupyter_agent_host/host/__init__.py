"""The host: runs inside the Jupyter server and drives the agents of its notebooks.

Owns agents, their sandboxes, the gateway, permissions, reviews and the notebooks' workspaces. Entered by
`assembly.open_host`, which gives an `api.manager.Manager`; only the server, the command line and the in-process
client call it. Each folder imports only folders below it; the order is the contract "Inside the host" in
`pyproject.toml`.
"""
