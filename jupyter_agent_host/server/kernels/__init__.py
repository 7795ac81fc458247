"""Kernels of notebooks: which one is asking (`kernel_identity.py`), and what the host does in one.

`notebook_kernels.py` is where one enters: a notebook's kernel by path. It speaks over a connection of its own
(`kernel_connection.py`) and sends `kernel_inspector` there as text (`inspector_bootstrap.py`). Called by the
extension, the agent service and `notebooks`.
"""
