"""What a sandbox is shown of the project, and bringing the person's files inside.

Owns the walk over the project, the folders that are never shown, and copying into the sandbox's private side.
Called by `host.workspace.modes`. Entered by `scan_project` and `copy_in`.
"""
