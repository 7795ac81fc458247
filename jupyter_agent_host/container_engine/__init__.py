"""The container engine of this machine, as the `docker` command finds it, through docker-py.

Owns the way to the engine (`engine.py`, where one enters) and the mapping of everything that docker-py raises to our
own errors (`engine_errors.py`). Called by `image`, which builds on an engine, and by `providers.docker`, which runs
on one.
"""
