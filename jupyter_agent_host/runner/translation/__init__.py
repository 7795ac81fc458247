"""From the SDK's messages to the events that people see. Pure, but for the timer that merges deltas.

`message_translator.py` is where one enters; `turn_end.py` says how a turn ended and `token_usage.py` what it used.
Called by `runner.session`.
"""
