"""Carrying the agent's changes into the person's folder, as the person.

Owns the walk over the sandbox's side, the decision and the write for each file (`copy_out`), and the limits of one
turn. Called by `host.workspace.modes`. Entered by `collect_changes`.
"""
