"""Hosts of well-known places, by name, so that nobody has to look them up."""

from __future__ import annotations

from types import MappingProxyType

PRESETS = MappingProxyType(
    {
        "python-packages": ("python.org:443", "files.example.org:443"),
        "conda-packages": ("conda.anaconda.org:443", "repo.anaconda.com:443", "repo.prefix.dev:443"),
        "npm-packages": ("registry.example.org:443", "yarn.example.org:443"),
        "cran": ("cran.r-project.org:443", "cloud.r-project.org:443", "packagemanager.posit.co:443"),
        "julia-packages": ("pkg.julialang.org:443", "*.pkg.julialang.org:443"),
        "rust-packages": ("index.crates.io:443", "static.crates.io:443", "crates.io:443"),
        "debian-packages": ("deb.example.org", "security.example.org"),
        "git-hosting": (
            "github.com:443",
            "codeload.github.com:443",
            "raw.githubusercontent.com:443",
            "objects.githubusercontent.com:443",
            "release-assets.githubusercontent.com:443",
            "media.githubusercontent.com:443",
            "gitlab.com:443",
            "bitbucket.org:443",
            "codeberg.org:443",
        ),
        "huggingface": ("huggingface.co:443", "*.huggingface.co:443", "hf.co:443", "*.hf.co:443"),
    }
)
"""Some of these hosts take uploads from anybody: what can be fetched from there can also be sent there."""
