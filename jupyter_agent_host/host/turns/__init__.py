"""One prompt on its way through the host: the turn, its attachments, its questions, its end.

Owns what a turn is from acceptance to its end, also while it waits for a person without a sandbox. Imports no
other folder of the host; any may call it. Entered by `queued_turn` and `questions`.
"""
