"""Looking into a Python kernel without running anything of the person's.

It runs in the kernel. The Jupyter server sends its source there as text (`server/kernels`), since the kernel's
environment may not have jupyter-agent-host; so it imports the standard library and its own siblings only, and must run
on Python 3.10. Module order for sending: `MODULES`.

Rule of the whole package: objects are known by `type()`, never by `isinstance`, which asks their `__class__`; they are
read through the built-in types' own slots, never through their attributes. What is not known is told by its type alone.
"""

MODULES = (
    "static_attributes",
    "own_text",
    "value_preview",
    "arrays_and_tables",
    "labelled_data",
    "variables",
    "functions",
    "thread_stop",
    "comm_target",
)
