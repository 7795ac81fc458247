"""The SDK's options: what is always set, and what the host decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, cast

from claude_agent_sdk import (
    CanUseTool,
    ClaudeAgentOptions,
    HookMatcher,
    McpSdkServerConfig,
    McpServerConfig,
    PermissionMode,
    SessionStore,
)
from claude_agent_sdk.types import McpHttpServerConfig, McpSSEServerConfig, McpStdioServerConfig

from jupyter_agent_host.protocol import control
from jupyter_agent_host.protocol.control import WAY_OUT, McpServer
from jupyter_agent_host.protocol.limits import MAX_FRAME_BYTES, MAX_TOOL_ANSWER_BYTES
from jupyter_agent_host.protocol.runner_start import RunnerStart
from jupyter_agent_host.version import __version__

HookEventName = Literal["PreToolUse", "PostToolUse", "PostToolUseFailure"]

TOOLS = (
    "Bash",
    "Read",
    "Write",
    "Edit",
    "Glob",
    "Grep",
    "Task",
    "TaskStop",
    "TodoWrite",
    "TaskCreate",
    "TaskUpdate",
    "TaskList",
    "AskUserQuestion",
)
"""Few enough that transcripts stay small. What the CLI does not know it leaves out."""

WORKSPACE = "/workspace"
_TOOL_TIMEOUT_MS = 7 * 24 * 60 * 60 * 1000
"""The host bounds its tools itself, and a person may take a night to answer a question."""

PLACEHOLDER = "placeholder-the-host-adds-the-real-one"
"""The CLI refuses to start without a credential; the gateway replaces whatever arrives."""


def environment(start: RunnerStart, way_out_port: int) -> dict[str, str]:
    """What the CLI and the agent's own processes see, besides the sandbox's environment."""
    way_out = address(way_out_port)
    nearby = "127.0.0.1,localhost,::1"
    return {
        "ANTHROPIC_BASE_URL": way_out,
        "ANTHROPIC_API_KEY": PLACEHOLDER,
        "HTTP_PROXY": way_out,
        "HTTPS_PROXY": way_out,
        "http_proxy": way_out,
        "https_proxy": way_out,
        "NO_PROXY": nearby,
        "no_proxy": nearby,
        "NODE_USE_ENV_PROXY": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "CLAUDE_CONFIG_DIR": start.config_dir,
        "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_ENABLE_TODO_TOOLS": "1",
        "CLAUDE_CODE_FORK_SUBAGENT": "0",
        "ENABLE_TOOL_SEARCH": "false",
        "MAX_MCP_OUTPUT_TOKENS": str(MAX_TOOL_ANSWER_BYTES),
        "MCP_TOOL_TIMEOUT": str(_TOOL_TIMEOUT_MS),
    }


def sdk_mode(mode: control.PermissionMode) -> PermissionMode:
    """`free` is ours: the SDK asks for everything and is allowed it (its own bypass mode refuses to run as root)."""
    return "default" if mode == "free" else mode


def sdk_options(
    wanted: control.SessionOptions,
    *,
    session_id: str,
    resume: bool,
    start: RunnerStart,
    way_out_port: int,
    store: SessionStore,
    can_use_tool: CanUseTool,
    hooks: dict[HookEventName, list[HookMatcher]],
    host_tools: dict[str, McpSdkServerConfig],
    stderr: Callable[[str], None],
) -> ClaudeAgentOptions:
    """Options of one SDK client."""
    identity: dict[str, Any] = {"resume": session_id} if resume else {"session_id": session_id}
    return ClaudeAgentOptions(
        **identity,
        model=wanted.model,
        max_turns=wanted.max_turns,
        max_budget_usd=wanted.max_budget_usd,
        permission_mode=sdk_mode(wanted.permission_mode),
        system_prompt={"type": "custom", "prompt": wanted.system_prompt, "snapshot": False},
        tools=[*TOOLS, *wanted.server_tools],
        disallowed_tools=list(wanted.disallowed_tools),
        skills=[],
        can_use_tool=can_use_tool,
        hooks=cast("Any", hooks),
        cwd=start.workdir,
        add_dirs=[WORKSPACE] if start.workdir.startswith(f"{WORKSPACE}/") else [],
        env={**environment(start, way_out_port), **placed(wanted.environment, way_out_port)},
        mcp_servers={**mcp_servers(wanted.mcp_servers, way_out_port), **host_tools},
        setting_sources=[],
        strict_mcp_config=True,
        verbatim_prompts=True,
        include_partial_messages=True,
        # Text between tool calls comes as thinking from newer models, and empty unless it is asked for.
        thinking={"type": "adaptive", "display": "summarized"},
        session_store=store,
        session_store_flush="eager",
        max_buffer_size=MAX_FRAME_BYTES,
        client_app=f"jupyter-agent-host/{__version__}",
        stderr=stderr,
    )


def address(way_out_port: int) -> str:
    """The way out inside."""
    return f"http://127.0.0.1:{way_out_port}"


def placed(environment: Mapping[str, str], way_out_port: int) -> dict[str, str]:
    """Variables with the way out's address in place of its name."""
    return {name: value.replace(WAY_OUT, address(way_out_port)) for name, value in environment.items()}


def mcp_servers(wanted: Iterable[McpServer], way_out_port: int) -> dict[str, McpServerConfig]:
    """The host's MCP servers in the SDK's words."""
    return {server.name: _config(server, way_out_port) for server in wanted}


def _config(server: McpServer, way_out_port: int) -> McpServerConfig:
    if server.transport == "stdio":
        return McpStdioServerConfig(type="stdio", command=server.command, args=list(server.args), env=server.env)
    url = server.url.replace(WAY_OUT, address(way_out_port))
    if server.transport == "http":
        return McpHttpServerConfig(type="http", url=url)
    return McpSSEServerConfig(type="sse", url=url)
