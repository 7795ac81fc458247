"""A notebook's cells and kernel, found wherever this Jupyter server has them.

`notebook_access.py` is where one enters: the collaboration room (`room_document.py`), else a page that has the
notebook open (`page_document.py`), else its file (`file_document.py`). Implements the host's `NotebookAccess`; called
through it.
"""
