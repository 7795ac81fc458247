"""What a turn changed, kept so that a person can look at it, take it or undo it: checkpoints, diffs, merges."""
