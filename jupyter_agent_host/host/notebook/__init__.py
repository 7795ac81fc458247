"""One notebook's cells and kernel as the host sees them, wherever they live.

Owns the shapes of cells and edits, the rules when an edit is refused (`checked_cell_edits`), runs in the kernel and
jobs. Called by `host.tools`, `host.review` and `host.agents`; the server implements `notebook_access` and
`kernel_interface`.
"""
