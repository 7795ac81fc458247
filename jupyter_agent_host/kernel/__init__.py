"""The agent kernel: each cell is a prompt, and `%%python` cells run in the IPython that it is made of.

`agent_kernel.py` is where one enters; it is started by `python -m jupyter_agent_host.kernel`. Stands on `notebook`.
"""
