"""Everything that travels between the runner and its host.

Owns the control connection, the outbox that survives a host that is away, calls that the host carries out, uploads,
and the loopback proxy whose connections the host carries (`egress_proxy.py`). `control_connection.py` is where one
enters. Called by the runner, its sessions and what the SDK is given.
"""
