"""A model without a model: the Messages API from a readable script, for tests and for the keyless demo.

Only the model's words are scripted; the agent that hears them is the real one. Whoever shows these words says so.
"""

from __future__ import annotations

from jupyter_agent_host.scripted_model.connection import RecordedRequest
from jupyter_agent_host.scripted_model.conversation import Conversation
from jupyter_agent_host.scripted_model.script import Reply, Rule, Script, ScriptError, When, load_script
from jupyter_agent_host.scripted_model.server import ScriptedModel, running_scripted_model

__all__ = [
    "Conversation",
    "RecordedRequest",
    "Reply",
    "Rule",
    "Script",
    "ScriptError",
    "ScriptedModel",
    "When",
    "load_script",
    "running_scripted_model",
]
