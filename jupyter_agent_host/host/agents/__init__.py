"""The life of one notebook's agent: its queue of turns, its sandbox's states, and what its runner says.

Owns the agent's state and the one task that changes it. Called by `host.sessions` and `host.api`; answers the
Protocols that lower folders own (`TurnContext`, `ReviewContext`, `KernelUser`). Entered by `agent.NotebookAgent`
and `driver.Driver`.
"""
