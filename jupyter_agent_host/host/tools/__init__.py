"""The tools that the host carries out for an agent: its notebook's cells and kernel.

Owns the declaration of each tool and what a tool may ask of its agent (`turn_context.TurnContext`). Called by
`host.agents.tool_dispatcher`. Entered by `toolbox.Toolbox`; a new tool is listed in `catalogue`.
"""
