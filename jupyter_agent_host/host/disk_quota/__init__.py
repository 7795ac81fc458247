"""Where a notebook's private files lie, and what keeps an agent from filling the disk with them.

Owns the private layers, their file systems of limited size, and measuring them. Called by `host.workspace` and the
assembly. Entered by `private_layers.Layers`.
"""

from jupyter_agent_host.host.disk_quota.layer_limits import Layer, LayerLimits, limits_for
from jupyter_agent_host.host.disk_quota.private_layers import Layers

__all__ = ["Layer", "LayerLimits", "Layers", "limits_for"]
