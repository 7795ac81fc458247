"""What the agent may do in the person's notebook: modes, risk rules, grants, and the question that a person answers."""
