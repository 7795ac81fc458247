"""What the agent may do in the person's notebook: modes, risk rules, grants, and the question that a person answers.

Owns the decision on each tool call that changes cells or runs code. Called by `host.tools.toolbox` through the
Protocol `Permits`. Entered by `tool_permissions`; the pure rules are in `tool_call_rules` and `code_risk`.
"""
