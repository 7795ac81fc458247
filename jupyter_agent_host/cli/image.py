"""`jupyter agent-host image build`: make the sandbox image on the container engine in use."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from jupyter_agent_host.errors import AgentHostError
from jupyter_agent_host.image.build import (
    DEFAULT_BASE,
    BuildRequest,
    build_image,
    default_ca_bundle,
    default_tag,
)


def add_parser(subparsers: Any) -> None:
    """Add `image build` to the command line (`subparsers`: what `ArgumentParser.add_subparsers` returned)."""
    image = subparsers.add_parser("image", help="the sandbox image", description="The sandbox image.")
    actions = image.add_subparsers(dest="image_action", required=True, metavar="ACTION")
    build = actions.add_parser(
        "build",
        help="build the image on the container engine in use",
        description="Build the sandbox image. Nothing is done when it is up to date.",
    )
    base = build.add_mutually_exclusive_group()
    base.add_argument("--base", metavar="IMAGE", default=DEFAULT_BASE, help="start from this image (%(default)s)")
    base.add_argument(
        "--bootstrap",
        action="store_true",
        help="make the base from Debian packages with mmdebstrap, where no container registry can be reached",
    )
    build.add_argument(
        "--ca-bundle",
        metavar="FILE",
        type=Path,
        help="certificates that pip trusts during the build (default: SSL_CERT_FILE, REQUESTS_CA_BUNDLE or PIP_CERT);"
        " they are not in the finished image",
    )
    build.add_argument("--tag", default=default_tag(), help="name of the image (%(default)s)")
    build.add_argument("--quiet", action="store_true", help="print the result only")
    build.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Build as asked; 0 when the image is there, else 1 after one sentence on standard error."""
    request = BuildRequest(
        base=args.base, bootstrap=args.bootstrap, ca_bundle=args.ca_bundle or default_ca_bundle(), tag=args.tag
    )
    try:
        result = build_image(request, (lambda _line: None) if args.quiet else _show)
    except AgentHostError as err:
        print(f"{err}", file=sys.stderr)
        return 1
    print(f"{result.tag} {'was up to date' if result.cached else 'is built'}: {result.image_id}")
    return 0


def _show(line: str) -> None:
    print(line, flush=True)
