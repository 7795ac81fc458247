"""Making sandboxes and talking to the runners in them.

Owns the choice of the provider, creation, the control connection, and sending a stored transcript inside. Called
by `host.agents` and by the assembly. Entered by `launch.launch` and `sandbox_connection`.
"""
