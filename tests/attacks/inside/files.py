"""Attempts on files: the machine's, the system's, other processes' and devices."""

from __future__ import annotations

import ctypes
import os
import pwd
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from attempt import Parameters, RefusedError, attempt, call, main

_libc = ctypes.CDLL(None, use_errno=True)


def _read(path: str, size: int = 4096) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(descriptor, size)
    finally:
        os.close(descriptor)


def _secret(data: bytes) -> str:
    if b"canary" not in data:
        raise RefusedError("it is not there")
    return "read it"


def _writable(path: str) -> str:
    """Opened for writing and closed again: nothing is written."""
    os.close(os.open(path, os.O_WRONLY))
    return "open for writing"


@attempt
def read_a_file_of_the_machine(given: Parameters) -> str:
    """Read a file that everybody on the machine may read."""
    return _secret(_read(given["file"]))


@attempt
def climb_out_of_the_workspace(given: Parameters) -> str:
    """The same, by dots from the working folder."""
    return _secret(_read("../" * 12 + given["file"].lstrip("/")))


@attempt
def through_the_root_of_a_process(given: Parameters) -> str:
    """The same, through the root folders of other processes in /proc."""
    for process in sorted(entry for entry in os.listdir("/proc") if entry.isdigit()):
        try:
            return _secret(_read(f"/proc/{process}/root{given['file']}"))
        except OSError:
            continue
    raise RefusedError("no process has it")


@attempt
def through_a_descriptor_left_open(given: Parameters) -> str:
    """Climb from folders that other processes left open to us."""
    for process in ("self", "1", str(os.getppid())):
        try:
            names = os.listdir(f"/proc/{process}/fd")
        except OSError:
            continue
        for name in names:
            path = f"/proc/{process}/fd/{name}"
            try:
                if stat.S_ISDIR(os.stat(path).st_mode):
                    return _secret(_read(path + "/" + "../" * 12 + given["file"].lstrip("/")))
            except OSError:
                continue
    descriptor = given.get("descriptor_of")
    if descriptor is None:
        raise RefusedError("no folder is open")
    place = os.open(descriptor, os.O_PATH)
    return _secret(_read(f"/proc/self/fd/{place}/" + "../" * 12 + given["file"].lstrip("/")))


@attempt
def through_a_symbolic_link(given: Parameters) -> str:
    """The same, by a link in the workspace that points there."""
    link = f"link-{os.getpid()}"
    os.symlink(given["file"], link)
    try:
        return _secret(_read(link))
    finally:
        os.unlink(link)


@attempt
def by_a_hard_link(given: Parameters) -> str:
    """Make a second name of it in a folder of our own."""
    link = given.get("link_beside") or f"hard-{os.getpid()}"
    os.link(given["file"], link)
    try:
        return _secret(_read(link))
    finally:
        os.unlink(link)


@attempt
def read_the_passwords(given: Parameters) -> str:
    """Read the system's password file."""
    return f"{len(_read('/etc/shadow'))} bytes"


@attempt
def read_the_neighbours_folder(given: Parameters) -> str:
    """Read the folder of another notebook."""
    return _secret(_read(given["neighbours_file"]))


@attempt
def read_the_servers_journal(given: Parameters) -> str:
    """Read where the server keeps all conversations and the tokens of sandboxes."""
    return f"{len(_read(given['journal']))} bytes"


@attempt
def read_the_home_folder(given: Parameters) -> str:
    """Look into the home folder of the person who runs the server."""
    for name in given["home_entries"]:
        if os.path.lexists(name):
            return name
    raise RefusedError("nothing of it is there")


@attempt
def change_the_system(given: Parameters) -> str:
    """Put a program beside the system's own."""
    path = f"/usr/local/bin/attack-{os.getpid()}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    os.unlink(path)
    return "made one"


@attempt
def change_the_running_python(given: Parameters) -> str:
    """Put a module where the runner's, the server's or the kernel's Python finds it."""
    made = []
    found = {str(Path(entry)) for entry in sys.path[1:] if os.path.isdir(entry)} | set(given["packages"])
    # /env is the agent's own environment, which it may change: only programs inside of the sandbox use it.
    for folder in sorted(entry for entry in found if not entry.startswith("/env/")):
        path = f"{folder}/attack_{os.getpid()}.pth"
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        except OSError:
            continue
        os.unlink(path)
        made.append(folder)
    if not made:
        raise RefusedError("no folder of packages can be written")
    return ", ".join(made)


@attempt
def write_to_the_roots_folder(given: Parameters) -> str:
    """Make a folder at the root of the file system."""
    path = f"/attack-{os.getpid()}"
    os.mkdir(path)
    os.rmdir(path)
    return "made one"


@attempt
def choose_the_core_pattern(given: Parameters) -> str:
    """Write the kernel's rule for crashes, which may name a program that it runs as root outside."""
    return _writable("/proc/sys/kernel/core_pattern")


@attempt
def magic_request(given: Parameters) -> str:
    """Write the kernel's magic request key, which can restart the machine."""
    return _writable("/proc/sysrq-trigger")


@attempt
def kernel_memory(given: Parameters) -> str:
    """Read the kernel's memory."""
    return f"{len(_read('/proc/kcore', 64))} bytes"


@attempt
def kernel_addresses(given: Parameters) -> str:
    """Read where the kernel's functions lie."""
    line = _read("/proc/kallsyms", 200).split()
    if not line or int(line[0], 16) == 0:
        raise RefusedError("no addresses are told")
    return "an address"


@attempt
def kernel_keys(given: Parameters) -> str:
    """Read which keys the kernel holds for others."""
    data = _read("/proc/keys")
    if not data:
        raise RefusedError("no key is told")
    return f"{len(data)} bytes"


@attempt
def control_groups(given: Parameters) -> str:
    """Make a control group, whose release agent would run outside."""
    for place in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        path = f"{place}/attack-{os.getpid()}"
        try:
            os.mkdir(path)
        except OSError:
            continue
        os.rmdir(path)
        return "made one"
    raise RefusedError("none can be made")


@attempt
def settings_of_devices(given: Parameters) -> str:
    """Change a setting of the kernel's devices."""
    for path in ("/sys/kernel/profiling", "/sys/kernel/uevent_helper", "/sys/module/kernel/parameters/panic"):
        try:
            return _writable(path)
        except OSError:
            continue
    raise RefusedError("none can be written")


@attempt
def read_a_disk(given: Parameters) -> str:
    """Read the machine's disk, past every file."""
    for entry in sorted(os.listdir("/sys/class/block")) if os.path.isdir("/sys/class/block") else ["vda", "sda"]:
        try:
            if _read(f"/dev/{entry}", 512):
                return f"/dev/{entry}"
        except OSError:
            continue
    raise RefusedError("no disk is there")


@attempt
def make_a_disk(given: Parameters) -> str:
    """Make a device file for the disk oneself, and read that."""
    path = os.path.join(tempfile.gettempdir(), f"disk-{os.getpid()}")
    major, minor = given["disk"]
    os.mknod(path, 0o600 | stat.S_IFBLK, os.makedev(major, minor))
    try:
        return f"{len(_read(path, 512))} bytes"
    finally:
        os.unlink(path)


@attempt
def memory_device(given: Parameters) -> str:
    """Make and open the device of the machine's random numbers' seed, a character device."""
    path = os.path.join(tempfile.gettempdir(), f"device-{os.getpid()}")
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 11))
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    finally:
        os.unlink(path)
    return "open"


@attempt
def remount_the_system(given: Parameters) -> str:
    """Mount the read-only system again, writable."""
    private = _libc.unshare(0x20000) == 0 and _libc.mount(b"none", b"/", None, 16384 | 0x40000, None) == 0
    if os.geteuid() == 0 and not private:
        raise RefusedError("outside, this is tried with mounts of our own only")
    call(_libc.mount(None, b"/", None, 32 | 4096, None))  # MS_REMOUNT, MS_BIND, and not MS_RDONLY
    return "mounted again"


@attempt
def set_user_id_program(given: Parameters) -> str:
    """Become root by a program of the system that is allowed to."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
    with subprocess.Popen(["/bin/su", "-c", "true"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as asked:
        try:
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline:
                status = Path(f"/proc/{asked.pid}/status").read_bytes().decode()
                fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
                if fields["Name"] == "su":
                    break
                time.sleep(0.01)
        finally:
            asked.kill()
    if fields["Uid"].split()[1] != "0":
        raise RefusedError(f"it runs as {fields['Uid'].split()[1]}")
    return "it runs as root"


@attempt
def set_user_id_of_ones_own(given: Parameters) -> str:
    """Give a file to root and mark it as root's program."""
    path = os.path.join(tempfile.gettempdir(), f"program-{os.getpid()}")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
    try:
        os.chown(path, 0, 0)
        os.chmod(path, stat.S_ISUID | stat.S_IRWXU)
        if os.stat(path).st_uid != 0:
            raise RefusedError("it is not root's")
        return "a program of root's"
    finally:
        os.unlink(path)


@attempt
def memory_of_the_runner(given: Parameters) -> str:
    """Open the memory of the program that the server talks to (outside: of the server)."""
    seen = [process for process in os.listdir("/proc") if process.isdigit() and _is_the_runner(process)]
    if not seen:
        raise RefusedError("it is not in sight")
    for process in seen:
        try:
            os.close(os.open(f"/proc/{process}/mem", os.O_RDWR))
        except OSError:
            continue
        return f"that of {process}"
    raise RefusedError("it cannot be opened")


def _is_the_runner(process: str) -> bool:
    """By a whole word of its command line: our own parameters name folders of Jupyter's, too."""
    try:
        words = _read(f"/proc/{process}/cmdline").split(b"\0")
    except OSError:
        return False
    return b"python" in words[0] and bool({b"jupyter_agent_host.runner", b"jupyter_server"} & set(words))


if __name__ == "__main__":
    sys.exit(main())
