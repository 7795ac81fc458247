"""The verbs that can be called for a notebook, and finding the agent that they are for.

Owns the table of agents, the choice which agent speaks for a notebook at a path, status reports, and taking over
what an earlier host left. Called by the server and the in-process client. Entered by `manager.Manager`; a verb is
a function in `verbs`.
"""
