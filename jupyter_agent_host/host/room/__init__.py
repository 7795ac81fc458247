"""Where a notebook's private layer lies, and what keeps an agent from filling the disk with it."""

from jupyter_agent_host.host.room.interface import Layer, RoomLimits, limits_for
from jupyter_agent_host.host.room.rooms import Rooms

__all__ = ["Layer", "RoomLimits", "Rooms", "limits_for"]
