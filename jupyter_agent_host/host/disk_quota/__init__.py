"""Where a notebook's private layer lies, and what keeps an agent from filling the disk with it."""

from jupyter_agent_host.host.disk_quota.layer_limits import Layer, LayerLimits, limits_for
from jupyter_agent_host.host.disk_quota.private_layers import Layers

__all__ = ["Layer", "LayerLimits", "Layers", "limits_for"]
