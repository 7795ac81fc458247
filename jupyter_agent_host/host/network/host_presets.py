"""Hosts of well-known places, by name, so that nobody has to look them up."""

from __future__ import annotations

from types import MappingProxyType


def _hosts(*names: str) -> tuple[str, ...]:
    """Rules from names that are written from the top down, which keeps one owner's hosts together."""
    return tuple(".".join(reversed(name.split("."))) for name in names)


def _on_https(*names: str) -> tuple[str, ...]:
    return tuple(f"{host}:443" for host in _hosts(*names))


PRESETS = MappingProxyType(
    {
        "python-packages": _on_https("org.pypi", "org.pythonhosted.files"),
        "conda-packages": _on_https("org.anaconda.conda", "com.anaconda.repo", "dev.prefix.repo"),
        "npm-packages": _on_https("org.npmjs.registry", "com.yarnpkg.registry"),
        "cran": _on_https("org.r-project.cran", "org.r-project.cloud", "co.posit.packagemanager"),
        "julia-packages": _on_https("org.julialang.pkg", "org.julialang.pkg.*"),
        "rust-packages": _on_https("io.crates", "io.crates.index", "io.crates.static"),
        "debian-packages": _hosts("org.debian.deb", "org.debian.security"),
        "git-hosting": _on_https(
            "com.github",
            "com.github.codeload",
            "com.githubusercontent.raw",
            "com.githubusercontent.media",
            "com.githubusercontent.objects",
            "com.githubusercontent.release-assets",
            "com.gitlab",
            "org.bitbucket",
            "org.codeberg",
        ),
        "huggingface": _on_https("co.huggingface", "co.huggingface.*", "co.hf", "co.hf.*"),
    }
)
"""Some of these hosts take uploads from anybody: what can be fetched from there can also be sent there."""
