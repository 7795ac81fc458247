"""What several commands use: the user's running servers, a server of our own, running a notebook, writing a file."""
