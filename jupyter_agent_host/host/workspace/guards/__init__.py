"""Which changes wait for a person's grant before they are copied out.

Owns the rules about files that could run, or give orders, in the person's own processes later. Called by
`host.workspace.copy_out` and the modes. Entered by `guarded_files`.
"""
