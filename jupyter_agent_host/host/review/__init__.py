"""What a turn changed, kept so that a person can look at it, take it or undo it.

Owns checkpoints of cells and files, their limits, and carrying out a person's decisions. Called by `host.agents`
while turns run and by `host.api.verbs.review`. Entered by `agent_review.Review`.
"""
