"""Agents on Binder: no key, no engine, no root. Binder's own container is the boundary, and every surface says so."""

c = get_config()  # noqa: F821 - Jupyter provides it

c.AgentHost.provider = "process"
c.AgentHost.allow_unsandboxed = True
c.AgentHost.scripted_model = "demo"
