"""The kinds of workspace: copy, overlay, private, bind; and which one a notebook gets.

Owns the mechanics of each mode behind one base class (`workspace_mode`). Called by `managed_workspace` alone.
Entered by `mode_choice`.
"""
