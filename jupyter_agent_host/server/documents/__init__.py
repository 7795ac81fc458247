"""Notebooks as files: where they are, how they are renamed, and the saved session in their metadata.

`saved_sessions.py` is where one enters (reading it when an agent is asked for, writing it at each save);
`live_documents.py` is jupyter-collaboration, where it runs. Called by the extension, the agent service and
`notebooks`.
"""
