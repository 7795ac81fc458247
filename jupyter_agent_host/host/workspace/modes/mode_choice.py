"""Which flavour a notebook gets, by what was asked, what the folder is, and what the provider can mount."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from secrets import token_hex

from jupyter_agent_host.host.workspace.copy_in.forbidden_folders import folder_problem
from jupyter_agent_host.host.workspace.copy_in.scan_project import MAX_ENTRIES, Bounds, Survey, survey
from jupyter_agent_host.host.workspace.files.masked_files import Masks
from jupyter_agent_host.host.workspace.files.open_without_links import Check
from jupyter_agent_host.host.workspace.modes.bind_mode import BoundWorkspace
from jupyter_agent_host.host.workspace.modes.copy_mode import FLAVOUR as COPY
from jupyter_agent_host.host.workspace.modes.copy_mode import CopiedWorkspace
from jupyter_agent_host.host.workspace.modes.overlay_mode import FLAVOUR as OVERLAY
from jupyter_agent_host.host.workspace.modes.overlay_mode import LayeredWorkspace
from jupyter_agent_host.host.workspace.modes.private_mode import PrivateWorkspace
from jupyter_agent_host.host.workspace.modes.workspace_mode import Flavour
from jupyter_agent_host.host.workspace.sync_state import load_ledger, start_anew
from jupyter_agent_host.host.workspace.workspace_interface import WorkspaceRequest

MIB = 1024**2
EAGER_BYTES = 256 * MIB
EAGER_FILES = 5_000
"""Up to here a copy is preferred even where an overlay can be had: it is made in about a second, and unlike an overlay
it shows the agent each file that the person replaces while the sandbox runs."""

_TREES = {COPY: "copy", OVERLAY: "upper"}
_MODULE = Path("/sys/module/overlay/parameters")


def choose_flavour(request: WorkspaceRequest, check: Check) -> Flavour:
    """Decide, with one walk over the folder at most. Blocking.

    Raises:
        OSError, WorkspaceError: the folder cannot be read, or the state is damaged.
    """
    settings, folder = request.settings, request.folder
    if settings.mode == "private":
        return PrivateWorkspace(request)
    if folder is None:
        return PrivateWorkspace(
            request, "The notebook's folder is not known, so the agent works in a private folder; save the notebook."
        )
    if not request.report.shared_filesystem:
        return PrivateWorkspace(
            request, "The sandbox shares no files with this machine, so the agent works in a private folder."
        )
    if problem := folder_problem(folder, request.state_dir):
        name = request.notebook_name or "the notebook"
        return PrivateWorkspace(
            request,
            f"The folder of {name} {problem}, so it is not shown to the agent, which works in a private folder;"
            " move the notebook into a project folder of its own.",
        )
    if settings.mode == "bind":
        return BoundWorkspace(request, folder)
    return _synced(request, folder, check)


def _synced(request: WorkspaceRequest, folder: Path, check: Check) -> Flavour:
    settings, ledger = request.settings, load_ledger(request.state_dir)
    if ledger.flavour and not (request.layer_dir / _TREES.get(ledger.flavour, "copy")).is_dir():
        # Without its tree, all that the ledger knows would look like deleted by the agent.
        ledger = start_anew(request.state_dir, request.layer_dir)
    layered = overlay_usable(request)
    if ledger.flavour == OVERLAY and layered:
        return LayeredWorkspace(request, folder, ledger, None)
    full = _most_to_copy(request)
    eager = Bounds(min(EAGER_BYTES, full.max_bytes), min(EAGER_FILES, full.max_files))
    masks = Masks(settings.masked)
    copying = ledger.flavour == COPY
    found = survey(folder, masks, check, full if copying or not layered else eager)
    if found.complete:
        if not copying:
            ledger = start_anew(request.state_dir, request.layer_dir)
        return CopiedWorkspace(request, folder, ledger, found)
    if layered:
        found = survey(folder, masks, check)
        if found.complete:
            return LayeredWorkspace(request, folder, start_anew(request.state_dir, request.layer_dir), found)
    return PrivateWorkspace(request, _too_big(found, full))


def _most_to_copy(request: WorkspaceRequest) -> Bounds:
    """The agent needs room for work of its own, so a copy may take half of what there is."""
    most = Bounds(request.settings.max_copy_bytes, request.settings.max_copy_files)
    if request.layer is None:
        return most
    limits = request.layer.limits
    return Bounds(min(most.max_bytes, limits.max_bytes // 2), min(most.max_files, limits.max_files // 2))


def overlay_usable(request: WorkspaceRequest) -> bool:
    """Whether the sandbox could write the person's files through an overlay, and the host could read what it wrote.

    Overlays that record renames or metadata changes alone keep them in attributes that only root can read.
    """
    owner = request.report.file_owner
    if not request.report.overlay or owner is None or owner[0] != os.geteuid():
        return False
    return all(_off(name) for name in ("redirect_dir", "metacopy")) and _can_hide(request.layer_dir)


def _off(name: str) -> bool:
    try:
        return (_MODULE / name).read_text().strip() in ("N", "off", "0")
    except FileNotFoundError:
        return True


def _can_hide(layer_dir: Path) -> bool:
    """Whether this user may make the marks that hide files in an overlay: since Linux 5.8 anybody may."""
    probe = layer_dir / f"probe-{token_hex(4)}"
    try:
        os.mknod(probe, stat.S_IFCHR, os.makedev(0, 0))
    except OSError:
        return False
    probe.unlink()
    return True


def _too_big(found: Survey, bounds: Bounds) -> str:
    if len(found.files) > MAX_ENTRIES:
        what = f"more than {MAX_ENTRIES} files"
    elif len(found.files) > bounds.max_files:
        what = f"more than {bounds.max_files} files"
    else:
        what = f"more than {bounds.max_bytes / MIB:.0f} MiB"
    return (
        f"The notebook's folder holds {what}, too much to copy for the agent, which works in a private folder; move the"
        " notebook into a smaller folder, or raise AgentHost's limits for copies."
    )
