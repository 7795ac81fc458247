"""Everything that an administrator or a person can set, as traits, turned once into the host's frozen settings.

`agent_host_traits.py` is where one enters: `AgentHost` and its `to_settings`. The other files read and check one kind
of setting each. Nothing outside reads a trait or an environment variable. Called by the extension, by command lines
and by kernels that host their own agent (`config_files.py`).
"""
