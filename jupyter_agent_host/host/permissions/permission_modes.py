"""What a notebook's agent must ask for: picked by the person, capped by the administrator, never by the notebook."""

from __future__ import annotations

from jupyter_agent_host.errors import ConfigError
from jupyter_agent_host.host.settings import ReviewSettings
from jupyter_agent_host.protocol.review_api import NOTEBOOK_MODES, NotebookMode


def effective_mode(picked: str, settings: ReviewSettings) -> NotebookMode:
    """The mode that holds; `picked` is "" where the person picked none, and unknown words count as none."""
    mode = next((known for known in NOTEBOOK_MODES if known == picked), settings.notebook_mode)
    return NOTEBOOK_MODES[min(_freedom(mode), _freedom(settings.max_notebook_mode))]


def allowed_modes(settings: ReviewSettings) -> tuple[NotebookMode, ...]:
    """What a person may pick."""
    return NOTEBOOK_MODES[: _freedom(settings.max_notebook_mode) + 1]


def check_mode(mode: NotebookMode, settings: ReviewSettings) -> None:
    """Refuse a mode that the administrator does not allow.

    Raises:
        ConfigError: it is freer than `AgentHost.max_notebook_mode`.
    """
    if mode not in allowed_modes(settings):
        raise ConfigError(
            f"The mode {mode} is not allowed on this server; at most {settings.max_notebook_mode} is."
            " Its administrator sets AgentHost.max_notebook_mode."
        )


def _freedom(mode: NotebookMode) -> int:
    return NOTEBOOK_MODES.index(mode)
