"""What the scripted model says in the browser tests."""

from __future__ import annotations

from typing import Any

HOSTILE = (
    "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">\n\n"
    "![pixel](http://198.51.100.1/pixel.png) <img src='http://198.51.100.1/raw.png'>\n\n"
    "[click](javascript:alert(1)) and [docs](https://example.com/deep/page)\n\n"
    "<form action='http://198.51.100.1/'><input name=a><button>Send</button></form>\n\n"
    "<svg><image href='http://198.51.100.1/s.png'/></svg> <iframe src='http://198.51.100.1/f'></iframe>\n\n"
    "<style>@import url('http://198.51.100.1/c.css');</style> <p style=\"background:url('http://198.51.100.1/b')\">p</p>\n\n"
    "```mermaid\ngraph TD; A-->B\n```\n\nThe end of it: **bold words**."
)
SHOWPIECE = (
    "## What I found\n\nThe **highest** revenue was in *March*: $r = \\sum_i p_i q_i$.\n\n"
    "| month | revenue |\n|---|---:|\n| February | 1,204 |\n| March | 3,411 |\n\n"
    "```python\nimport csv\n\ndef best(rows):\n    return max(rows, key=lambda row: row['revenue'])\n```\n\n"
    "- first point, see [the docs](https://docs.python.org/3/)\n- second point with `inline code`\n\n> A quotation.\n"
)
_BEFORE = "def total(rows):\n    result = 0\n    for row in rows:\n        result += row\n    return result\n"
_AFTER = "def total(rows):\n    return sum(rows)\n"
_QUESTIONS = [
    {
        "question": "Which file shall I use?",
        "header": "File",
        "multiSelect": False,
        "options": [
            {"label": "sales.csv", "description": "the newest"},
            {"label": "old.csv", "description": "of last year"},
        ],
    },
    {
        "question": "Which columns matter?",
        "header": "Columns",
        "multiSelect": True,
        "options": [{"label": "month", "description": ""}, {"label": "revenue", "description": ""}],
    },
]


def _tool(name: str, **given: Any) -> dict[str, Any]:
    return {"name": name, "input": given}


_FILE = "{cwd}/total.py"

SCRIPT: dict[str, Any] = {
    "name": "lab",
    "rules": [
        {
            "when": {"prompt_regex": "^look at the cells"},
            "steps": [{"tools": [_tool("mcp__notebook__overview")]}, {"say": "{last_tool_result}"}],
        },
        {
            "when": {"prompt_regex": r"^insert below (\S+): (.+)$"},
            "steps": [
                {"tools": [_tool("mcp__notebook__insert_cells", after="{group:1}", cells=[{"source": "{group:2}"}])]},
                {"say": "{last_tool_result}"},
            ],
        },
        {
            "when": {"prompt_regex": r"^edit (\S+) at (\S+): (.+)$"},
            "steps": [
                {
                    "tools": [
                        _tool("mcp__notebook__edit_cell", cell_id="{group:1}", revision="{group:2}", source="{group:3}")
                    ]
                },
                {"say": "{last_tool_result}"},
            ],
        },
        {
            "when": {"prompt_regex": r"^rework (\S+) (\S+) (\S+)$"},
            "steps": [
                {
                    "tools": [
                        _tool(
                            "mcp__notebook__edit_cell",
                            cell_id="c0",
                            revision="{group:1}",
                            replacements=[{"old": "a = 1", "new": "a = 9"}],
                        )
                    ]
                },
                {"tools": [_tool("mcp__notebook__edit_cell", cell_id="c1", revision="{group:2}", source="TWO = 2")]},
                {"tools": [_tool("mcp__notebook__insert_cells", after="c1", cells=[{"source": "new = 5"}])]},
                {"tools": [_tool("mcp__notebook__delete_cells", cells=[{"cell_id": "c2", "revision": "{group:3}"}])]},
                {"tools": [_tool("mcp__notebook__move_cells", cell_ids=["c3"], after="")]},
                {"say": "Reworked."},
            ],
        },
        {
            "when": {"prompt": "SUBTASK"},
            "steps": [{"tools": [_tool("Bash", command="echo inner")]}, {"say": "part done"}],
        },
        {"when": {"prompt": "hostile"}, "say": HOSTILE},
        {"when": {"prompt": "count"}, "delta_delay_seconds": 0.05, "say": "{words:80} END"},
        {"when": {"prompt": "recall"}, "say": "Earlier prompts: {recall}."},
        {
            "when": {"prompt": "report"},
            "steps": [
                {
                    "think": "First look at the files.",
                    "say": "I look first.",
                    "tools": [_tool("Bash", command="echo one; echo two", description="Look")],
                },
                {"say": SHOWPIECE},
            ],
        },
        {
            "when": {"prompt": "plan"},
            "steps": [
                {
                    "tools": [
                        _tool("TaskCreate", subject="Read the data", description="Read sales.csv"),
                        _tool("TaskCreate", subject="Find the best month", description="The highest revenue"),
                    ]
                },
                {"tools": [_tool("TaskUpdate", taskId="1", status="completed")]},
                {"tools": [_tool("TaskUpdate", taskId="2", status="in_progress")]},
                {"tools": [_tool("Write", file_path=_FILE, content=_BEFORE)]},
                {"tools": [_tool("Edit", file_path=_FILE, old_string=_BEFORE, new_string=_AFTER)]},
                {"tools": [_tool("Read", file_path="{cwd}/plot.png")]},
                {"tools": [_tool("Agent", description="part", prompt="SUBTASK", subagent_type="general-purpose")]},
                {"say": "All of it is done."},
            ],
        },
        {
            "when": {"prompt": "question"},
            "steps": [
                {"tools": [_tool("AskUserQuestion", questions=_QUESTIONS)]},
                {"say": "You said: {last_tool_result}"},
            ],
        },
        {
            "when": {"prompt": "tidy"},
            "steps": [
                {
                    "tools": [
                        {
                            "name": "Bash",
                            "input": {
                                "command": "sed -i s/may,3/may,4/ review.csv; echo agent > review.txt; echo x > .rc"
                            },
                        }
                    ]
                },
                {"say": "Tidied."},
            ],
        },
        {
            "when": {"prompt": "run"},
            "steps": [
                {"tools": [_tool("Write", file_path="{cwd}/made.txt", content="made\n")]},
                {"say": "Then: {last_tool_result}"},
            ],
        },
        {
            "when": {"prompt": "guarded"},
            "steps": [{"tools": [_tool("Write", file_path="{cwd}/.bashrc", content="x\n")]}, {"say": "Tried."}],
        },
        {"when": {"prompt": "fail"}, "error": {"status": 401, "type": "authentication_error", "message": "bad key"}},
    ],
    "otherwise": {"say": "You said nothing that I know."},
}
