"""What of the notebook's folder a sandbox never sees: secrets, virtual environments, caches."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_agent_host.host.workspace.files.file_names import EndPatterns, folded

SECRETS = (
    ".env*",
    ".git-credentials",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".yarnrc.yml",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".vault-token",
    ".aws",
    ".azure",
    ".config/gcloud",
    "application_default_credentials.json",
    ".docker/config.json",
    ".dockercfg",
    ".kube",
    ".ssh",
    ".gnupg",
    ".jupyter",
    ".databrickscfg",
    ".streamlit/secrets.toml",
    "*-service-account.json",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
)
"""The hosting guide's list, and its close relatives. Compared without regard to case, at any depth."""

CACHES = frozenset({"__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache", ".ruff_cache"})
"""Neither copied in nor out, and not worth a word: tools make them anew, and byte code in them would be run."""

UNFINISHED = ".agent-host"
"""How the names of files end that are renamed as soon as they are complete."""

VENV_MARKS = frozenset({"pyvenv.cfg", "conda-meta"})


class Masks:
    """Secrets by the built-in list and by the patterns of a setting."""

    def __init__(self, extra: Sequence[str] = ()) -> None:
        self._patterns = EndPatterns((*SECRETS, *extra))

    def may_hide(self, name: str) -> bool:
        """Whether an entry of this name can be hidden at all; False spares asking `hides`, which is slower."""
        return self._patterns.may_end(name)

    def hides(self, path: str) -> bool:
        """Whether this very entry is hidden; the walk has not come here if a folder above is."""
        return self._patterns.match(path.split("/"))

    def covers(self, path: str) -> bool:
        """Whether the entry or a folder above it is hidden."""
        parts = path.rstrip("/").split("/")
        return any(self._patterns.match(parts[:end]) for end in range(1, len(parts) + 1))


def is_passing(name: str) -> bool:
    """Whether an entry is never looked at: a cache, or a file that a host is just writing."""
    return name.endswith(UNFINISHED) or folded(name) in CACHES


def is_environment(names: Sequence[str]) -> bool:
    """Whether a folder with these entries is a virtual or conda environment."""
    return not VENV_MARKS.isdisjoint(names)
