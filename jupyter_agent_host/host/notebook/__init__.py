"""One notebook's cells and kernel, as the host sees them, wherever they live."""
