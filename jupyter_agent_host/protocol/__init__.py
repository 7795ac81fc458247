"""Messages between host, runner and surfaces: one frozen struct each, checked for size and version."""
