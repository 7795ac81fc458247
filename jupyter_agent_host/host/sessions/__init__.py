"""Which conversation a notebook's next turn belongs to, and what the notebook's file keeps of it.

Owns new, forked, resumed and adopted sessions, the options that a session is opened with, the prepared envelope,
and reading whole transcripts. Called by `host.api`. Entered by `session_selection` and `envelope_publisher`.
"""
