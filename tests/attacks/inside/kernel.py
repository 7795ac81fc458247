"""Attempts on the kernel: system calls that have let programs out of sandboxes before."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
import tempfile
import time

from attempt import Parameters, attempt, call, main, syscall

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWPID = 0x20000, 0x10000000, 0x40000000, 0x20000000
_libc = ctypes.CDLL(None, use_errno=True)


def _zeros(size: int = 256) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(size)


@attempt
def ptrace_a_process(given: Parameters) -> str:
    """Trace another process, to read and change it."""
    child = os.fork()
    if child == 0:
        time.sleep(20)
        os._exit(0)
    try:
        syscall((101, 117), 0x4206, child, 0, 0)  # PTRACE_SEIZE
    finally:
        os.kill(child, 9)
    return "seized it"


@attempt
def read_memory_of_a_process(given: Parameters) -> str:
    """Read another process's memory with process_vm_readv."""
    text = ctypes.create_string_buffer(b"memory of another")
    child = os.fork()
    if child == 0:
        time.sleep(20)
        os._exit(0)
    mine = _zeros(17)
    local = (ctypes.c_void_p * 2)(ctypes.addressof(mine), 17)
    remote = (ctypes.c_void_p * 2)(ctypes.addressof(text), 17)
    try:
        syscall((310, 270), child, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    finally:
        os.kill(child, 9)
    return mine.raw.decode()


@attempt
def bpf(given: Parameters) -> str:
    """Make a BPF map, the first step of loading a program into the kernel."""
    return f"map {syscall((321, 280), 0, struct.pack('IIIII', 2, 4, 8, 1, 0) + bytes(100), 72)}"


@attempt
def keyctl(given: Parameters) -> str:
    """Use the kernel's key rings, which are not divided by namespaces."""
    return f"ring {syscall((250, 219), 0, -3, 1)}"


@attempt
def add_key(given: Parameters) -> str:
    """Put a key into a key ring."""
    return f"key {syscall((248, 217), b'user', b'attack', b'payload', 7, -2)}"


@attempt
def userfaultfd(given: Parameters) -> str:
    """Handle page faults, which makes races in the kernel easy to win."""
    return f"descriptor {syscall((323, 282), 0)}"


@attempt
def user_namespace(given: Parameters) -> str:
    """Become root of a new user namespace."""
    call(_libc.unshare(_CLONE_NEWUSER))
    return "root of a namespace"


@attempt
def user_namespace_by_clone3(given: Parameters) -> str:
    """The same by clone3, whose flags no seccomp filter can read."""
    arguments = struct.pack("8Q", _CLONE_NEWUSER, 0, 0, 0, 17, 0, 0, 0)
    if syscall((435, 435), arguments, len(arguments)) == 0:
        os._exit(0)
    return "a child in a new user namespace"


@attempt
def mount_namespace(given: Parameters) -> str:
    """Make a mount namespace, where mounts are one's own."""
    call(_libc.unshare(_CLONE_NEWNS))
    return "own mounts"


@attempt
def network_namespace(given: Parameters) -> str:
    """Make a network namespace."""
    call(_libc.unshare(_CLONE_NEWNET))
    return "own network"


@attempt
def join_a_namespace(given: Parameters) -> str:
    """Enter a namespace by setns."""
    with open("/proc/self/ns/uts", "rb") as handle:
        call(_libc.setns(handle.fileno(), 0))
    return "entered"


@attempt
def load_a_module(given: Parameters) -> str:
    """Load a kernel module. An empty one: what counts is whether the kernel looks at it at all."""
    try:
        syscall((175, 105), b"", 0, b"")
    except OSError as err:
        if err.errno == 8:  # ENOEXEC: it looked
            return "the kernel read the module"
        raise
    return "loaded"


@attempt
def mount_a_file_system(given: Parameters) -> str:
    """Mount a tmpfs."""
    with tempfile.TemporaryDirectory() as folder:
        call(_libc.mount(b"none", folder.encode(), b"tmpfs", 0, None))
        call(_libc.umount2(folder.encode(), 2))
    return "mounted"


@attempt
def bind_mount(given: Parameters) -> str:
    """Show a folder at another place."""
    with tempfile.TemporaryDirectory() as folder:
        call(_libc.mount(b"/usr", folder.encode(), None, 4096, None))
        call(_libc.umount2(folder.encode(), 2))
    return "bound"


@attempt
def mount_by_new_calls(given: Parameters) -> str:
    """Copy a mount by open_tree, one of the newer mount calls."""
    return f"tree {syscall((428, 428), -100, b'/', 1)}"


@attempt
def change_root(given: Parameters) -> str:
    """chroot, out of which a privileged process can climb."""
    call(_libc.chroot(b"/usr"))
    return "another root"


@attempt
def perf_event(given: Parameters) -> str:
    """Open a performance counter of the kernel."""
    event = struct.pack("IIQQQQQ", 1, 64, 0, 0, 0, 0, 0) + bytes(80)
    return f"counter {syscall((298, 241), event, 0, -1, -1, 0)}"


@attempt
def open_by_handle(given: Parameters) -> str:
    """Open a file by handle, past every mount and path (the way out that Shocker took)."""
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
    mount_id = ctypes.c_int()
    syscall((303, 264), -100, given.get("handle_of", "/usr").encode(), handle, ctypes.byref(mount_id), 0)
    root = os.open(given.get("handle_of", "/usr"), os.O_RDONLY)
    return f"descriptor {syscall((304, 265), root, handle, os.O_RDONLY)}"


@attempt
def kexec(given: Parameters) -> str:
    """Replace the running kernel. Without an image: what counts is whether the call is there to be made."""
    syscall((246, 104), 0, 0, 0, 0)
    return "the kernel would be replaced"


@attempt
def io_uring(given: Parameters) -> str:
    """Set up io_uring, whose requests no seccomp filter sees."""
    return f"ring {syscall((425, 425), 4, _zeros())}"


@attempt
def watch_the_file_system(given: Parameters) -> str:
    """Be told of every file that anybody opens (fanotify)."""
    return f"descriptor {syscall((300, 262), 0x4, 0)}"


@attempt
def read_the_kernel_log(given: Parameters) -> str:
    """Read the kernel's messages."""
    return f"{call(_libc.klogctl(3, _zeros(4096), 4096), ok=0)} bytes"


@attempt
def set_the_clock(given: Parameters) -> str:
    """Change the machine's clock (to its own present rate)."""
    state = _zeros(512)
    call(_libc.adjtimex(state))
    tick = struct.unpack_from("q", state.raw, 88)[0]
    struct.pack_into("I", state, 0, 0x4000)  # ADJ_TICK
    struct.pack_into("q", state, 88, tick)
    call(_libc.adjtimex(state))
    return "set it"


@attempt
def set_the_host_name(given: Parameters) -> str:
    """Change the host's name (to what it is)."""
    name = socket.gethostname().encode()
    call(_libc.sethostname(name, len(name)))
    return "set it"


@attempt
def port_access(given: Parameters) -> str:
    """Reach the machine's input and output ports."""
    syscall((173, -1), 0x80, 1, 1)
    return "a port"


@attempt
def become_root(given: Parameters) -> str:
    """Change to user 0."""
    call(_libc.setresuid(0, 0, 0))
    return "uid 0"


@attempt
def raise_capabilities(given: Parameters) -> str:
    """Take the capability that is nearly all of them (CAP_SYS_ADMIN)."""
    header = struct.pack("Ii", 0x20080522, 0)
    both = 1 << 21, 1 << 21, 0
    have = ctypes.create_string_buffer(struct.pack("6I", *both, 0, 0, 0))
    syscall((126, 91), header, have)
    return "the capability"


@attempt
def real_time_priority(given: Parameters) -> str:
    """Take the processor from everybody else."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    return "real time"


@attempt
def negative_nice(given: Parameters) -> str:
    """Be served before others."""
    return f"nice {os.nice(-5)}"


@attempt
def no_address_randomisation(given: Parameters) -> str:
    """Turn address randomisation off for what is started."""
    syscall((135, 92), 0x0040000)
    return "addresses are predictable"


@attempt
def kernel_crypto_socket(given: Parameters) -> str:
    """Open a socket of the kernel's crypto interface."""
    with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET):
        return "a socket"


@attempt
def virtual_machine_socket(given: Parameters) -> str:
    """Open a vsock socket, which leads to the machine that runs this one."""
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM):
        return "a socket"


@attempt
def quotas(given: Parameters) -> str:
    """Change the disk quotas of the machine (by asking for a sync of them)."""
    syscall((179, 60), 0x80000100, None, 0, None)
    return "done"


if __name__ == "__main__":
    sys.exit(main())
