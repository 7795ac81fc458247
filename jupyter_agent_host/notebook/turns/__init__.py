"""One turn as a kernel sees it: followed from prompt to end, shown while it runs, asked about, interrupted.

`turn_follower.py` is where one enters: a stream of events (`turn_stream.py`), where they are shown
(`turn_display.py`), who is asked (`line_questions.py`) and what the waiting cell does for its agent
(`kernel_work.py`). `conversation_follower.py` follows all turns of a notebook, for widgets. Called by the magics and
the widget.
"""
