"""What providers that run child processes of this host share, and which system calls any sandbox is denied.

Owns one child from its start to its end: folder and socket (`run_folder.py`), interpreter, control group and rlimits,
the process, and the `Sandbox` that it is (`child_sandbox.py`). Called by `local` and `process`, who enter by
`launch_child.py`; `docker` uses `denied_system_calls.py` alone.
"""
