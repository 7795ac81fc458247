"""The Jupyter server extension: the host in one Jupyter server, with its settings, handlers, notebooks and kernels.

`app.py` is where Jupyter enters: it makes the host (`configured_host.py`) from traits (`config/`), registers the
routes (`rest/routes.py`) and owns all of it until the server stops (`host_task.py`). `agent_service.py` is what
handlers stand on. Nobody below imports this package; `notebook` uses it for a host inside a kernel, `cli` for
settings files.
"""
