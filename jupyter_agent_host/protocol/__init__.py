"""Messages between host, runner and surfaces: one frozen struct each, checked for size and version.

`control.py`: host and runner. `events.py`: what happened in a turn. `host_api.py`, `review_api.py`, `kernel_work.py`:
requests and answers between surfaces and host, with the table of verbs (`host_api.VERBS`). Everybody imports it; it
imports `errors`.
"""
