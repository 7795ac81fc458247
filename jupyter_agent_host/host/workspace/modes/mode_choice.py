"""Which flavour a notebook gets, by what was asked, what the folder is, and what the provider can mount."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from jupyter_agent_host.host.workspace.copy_in.forbidden_folders import UNTOUCHABLE, folder_problem
from jupyter_agent_host.host.workspace.copy_in.scan_project import MAX_ENTRIES, Bounds, Survey, survey, survey_names
from jupyter_agent_host.host.workspace.files.masked_files import Masks
from jupyter_agent_host.host.workspace.files.open_without_links import Check
from jupyter_agent_host.host.workspace.modes.bind_mode import BoundWorkspace
from jupyter_agent_host.host.workspace.modes.copy_mode import FLAVOUR as COPY
from jupyter_agent_host.host.workspace.modes.copy_mode import PLAIN, CopiedWorkspace
from jupyter_agent_host.host.workspace.modes.overlay_mode import FLAVOUR as OVERLAY
from jupyter_agent_host.host.workspace.modes.overlay_mode import LayeredWorkspace
from jupyter_agent_host.host.workspace.modes.private_mode import PrivateWorkspace
from jupyter_agent_host.host.workspace.modes.workspace_mode import Flavour
from jupyter_agent_host.host.workspace.sync_state import Ledger, identity, load_ledger, start_anew
from jupyter_agent_host.host.workspace.workspace_interface import WorkspaceRequest

MIB = 1024**2
EAGER_BYTES = 256 * MIB
EAGER_FILES = 5_000
"""Up to here a copy is preferred even where an overlay can be had: it is made in about a second, and unlike an overlay
it shows the agent each file that the person replaces while the sandbox runs."""

_CHOOSE = "Choose a folder that it shall see with: %agent folder PATH"
_TREES = {PLAIN: "copy", COPY: "copy", OVERLAY: "upper"}
_MODULE = Path("/sys/module/overlay/parameters")


def choose_flavour(request: WorkspaceRequest, check: Check) -> Flavour:
    """Decide, with one walk over the folder at most. Blocking.

    Raises:
        OSError, WorkspaceError: the folder cannot be read, or the state is damaged.
    """
    settings, folder = request.settings, request.folder
    if settings.mode == "private" or folder is None or not request.report.shared_filesystem or not folder.is_dir():
        return PrivateWorkspace(request, _nothing_to_show(request))
    if problem := folder_problem(folder, request.state_dir):
        if problem in UNTOUCHABLE:
            return PrivateWorkspace(
                request, f"{folder} {problem}, so the agent sees nothing of it and works in a private folder. {_CHOOSE}"
            )
        return _plain(request, folder, f"{folder} {problem}", check)
    if settings.mode == "bind":
        return BoundWorkspace(request, folder)
    return _synced(request, folder, check)


def _nothing_to_show(request: WorkspaceRequest) -> str:
    """Why no folder can be shown, "" if none was wanted."""
    if request.settings.mode == "private":
        return ""
    if request.folder is None:
        return "The notebook's folder is not known, so the agent works in a private folder; save the notebook."
    if not request.report.shared_filesystem:
        return "The sandbox shares no files with this machine, so the agent works in a private folder."
    # Its contents manager keeps notebooks elsewhere (S3, a database), or the folder was deleted.
    return "The notebook's folder is not on this machine, so the agent works in a private folder."


def _plain(request: WorkspaceRequest, folder: Path, why: str, check: Check) -> Flavour:
    """The plain files right beside the notebook, and nothing reaches them without the person's word."""
    folder = folder / request.place
    ledger = _ledger_of(request)
    if ledger.flavour != PLAIN or not _is_of(ledger, folder, ""):
        ledger = start_anew(request.state_dir, request.layer_dir)
    masks = Masks(request.settings.masked)
    found = survey(folder, masks, check, plain_only=True)
    note = (
        f"{why}, so the agent sees only the plain files beside the notebook: no folders, no hidden files. What it"
        f" writes waits until you accept it (%agent review, %agent accept). {_CHOOSE}"
    )
    most = _most_to_copy(request)
    limited = replace(request.settings, max_copy_bytes=most.max_bytes, max_copy_files=most.max_files)
    return CopiedWorkspace(replace(request, settings=limited), folder, ledger, found, plain=note)


def _ledger_of(request: WorkspaceRequest) -> Ledger:
    """What is known of the private tree, if there is one."""
    ledger = load_ledger(request.state_dir)
    if ledger.flavour and not (request.layer_dir / _TREES.get(ledger.flavour, "copy")).is_dir():
        # Without its tree, all that the ledger knows would look like deleted by the agent.
        return start_anew(request.state_dir, request.layer_dir)
    return ledger


def _is_of(ledger: Ledger, folder: Path, place: str) -> bool:
    """Whether the tree was made of this folder. Older ledgers do not say it: theirs was the notebook's own."""
    return ledger.folder == identity(folder) if ledger.folder else not place


def _synced(request: WorkspaceRequest, folder: Path, check: Check) -> Flavour:
    settings, ledger = request.settings, _ledger_of(request)
    layered, same = overlay_usable(request), _is_of(ledger, folder, request.place)
    if ledger.flavour == OVERLAY and layered and same:
        return LayeredWorkspace(request, folder, ledger, None)
    full = _most_to_copy(request)
    eager = Bounds(min(EAGER_BYTES, full.max_bytes), min(EAGER_FILES, full.max_files))
    masks = Masks(settings.masked)
    copying = ledger.flavour == COPY and same
    found = survey(folder, masks, check, full if copying or not layered else eager)
    if found.complete:
        if not copying:
            ledger = start_anew(request.state_dir, request.layer_dir)
        return CopiedWorkspace(request, folder, ledger, found)
    if layered:
        found = survey_names(folder, masks, check)
        if found.complete:
            return LayeredWorkspace(request, folder, start_anew(request.state_dir, request.layer_dir), found)
    return _plain(request, folder, _too_big(folder, found, full), check)


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
    if not request.report.overlay or owner is None or os.geteuid() not in (0, owner[0]):
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


def _too_big(folder: Path, found: Survey, bounds: Bounds) -> str:
    """Why the folder cannot be shown whole, as the beginning of a sentence."""
    if max(len(found.files), found.entries) > MAX_ENTRIES:
        what = f"more than {MAX_ENTRIES} files"
    elif len(found.files) > bounds.max_files:
        what = f"more than {bounds.max_files} files"
    else:
        what = f"more than {bounds.max_bytes / MIB:.0f} MiB"
    return (
        f"{folder} holds {what}, which is more than AgentHost.max_copy_size and max_copy_files let be copied, and"
        " sandboxes cannot be given it in layers here"
    )
