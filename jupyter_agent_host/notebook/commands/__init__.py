"""`%agent COMMAND`: which request each command makes, and how its answer reads.

Owns the words of the commands (`line_commands.py`, where one enters). Called by the magics, the agent kernel and the
widget.
"""
