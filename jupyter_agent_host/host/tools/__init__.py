"""The tools that the host carries out for an agent: its notebook's cells and kernel."""
