"""REST and WebSocket: handlers that only translate between HTTP and the agent service.

`routes.py` is where one enters: every address and its handler. People and pages are let in by Jupyter
(`rest_handlers.py`), kernels by their signature (`kernel_handlers.py`). `openapi.py` describes it all from the very
structs that are served.
"""
