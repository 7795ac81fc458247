"""Durable state: the journal in the data folder, and the saved session that travels in the notebook."""
