"""Which system calls a sandbox may make.

What Docker's default profile lets a container without capabilities make, less what an agent's tools do without:
tracing and reading other processes, io_uring, socket families beyond the network's.

Names and numbers are the kernel's: `asm/unistd_64.h` for x86_64, `asm-generic/unistd.h` for aarch64. What Docker allows
is published with it (profiles/seccomp/default.json); a test holds this list to be no longer.
"""

from __future__ import annotations

EPERM = 1
ENOSYS = 38

ALLOWED = frozenset(
    """
accept accept4 access adjtimex alarm arch_prctl bind brk capget capset chdir chmod chown clock_adjtime
clock_getres clock_gettime clock_nanosleep clone close close_range connect copy_file_range creat dup dup2 dup3
epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit
exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchown fchownat fcntl fdatasync
fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstatfs fsync ftruncate futex futex_waitv futimesat
get_robust_list getcpu getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid
getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt
gettid gettimeofday getuid getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel
io_destroy io_getevents io_pgetevents io_setup io_submit ioctl ioprio_get ioprio_set kill landlock_add_rule
landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen listxattr llistxattr
lremovexattr lseek lsetxattr lstat madvise membarrier memfd_create mincore mkdir mkdirat mknod mknodat mlock
mlock2 mlockall mmap mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink mremap msgctl
msgget msgrcv msgsnd msync munlock munlockall munmap nanosleep newfstatat open openat openat2 pause personality
pidfd_open pidfd_send_signal pipe pipe2 poll ppoll prctl pread64 preadv preadv2 prlimit64 process_mrelease
pselect6 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg removexattr
rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity
sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop sendfile
sendmmsg sendmsg sendto set_robust_list set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid
setpriority setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid setxattr shmat shmctl shmdt
shmget shutdown sigaltstack signalfd signalfd4 socket socketpair splice stat statfs statx symlink symlinkat sync
sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime
timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat
utime utimensat utimes vfork vmsplice wait4 waitid write writev
""".split()  # noqa: SIM905 - a column of names is what one compares
)
"""By name; `clone`, `socket`, `personality` and `ioctl` only with the arguments below."""

NAMESPACE_FLAGS = 0x7E020000
"""Flags of clone(2) that make namespaces. clone3 is answered with ENOSYS, since its flags lie where no filter reads."""

SOCKET_FAMILIES = 38
"""Address families below this: from here on AF_ALG, AF_VSOCK, AF_XDP and their like."""

PERSONALITIES = (0, 0xFFFFFFFF)
"""The ordinary one, and the question which one it is."""

TERMINAL_INPUT = (0x5412, 0x541C)
"""Requests of ioctl(2) that type into a terminal: TIOCSTI, TIOCLINUX."""

CLONE3 = 435
NEWEST = 450
"""Calls newer than this list are answered with ENOSYS, at which programs use older ones."""

_DENIED = """
_sysctl:156:- acct:163:89 add_key:248:217 afs_syscall:183:- bpf:321:280 chroot:161:51 clock_settime:227:112
create_module:174:- delete_module:176:106 epoll_ctl_old:214:- epoll_wait_old:215:- fanotify_init:300:262
fanotify_mark:301:263 finit_module:313:273 fsconfig:431:431 fsmount:432:432 fsopen:430:430 fspick:433:433
get_kernel_syms:177:- get_mempolicy:239:236 get_thread_area:211:- getpmsg:181:- init_module:175:105
io_uring_enter:426:426 io_uring_register:427:427 io_uring_setup:425:425 ioperm:173:- iopl:172:- kcmp:312:272
kexec_file_load:320:294 kexec_load:246:104 keyctl:250:219 lookup_dcookie:212:18 mbind:237:235 memfd_secret:447:447
migrate_pages:256:238 modify_ldt:154:- mount:165:40 mount_setattr:442:442 move_mount:429:429 move_pages:279:239
name_to_handle_at:303:264 nfsservctl:180:42 open_by_handle_at:304:265 open_tree:428:428 perf_event_open:298:241
pidfd_getfd:438:438 pivot_root:155:41 pkey_alloc:330:289 pkey_free:331:290 pkey_mprotect:329:288
process_madvise:440:440 process_vm_readv:310:270 process_vm_writev:311:271 ptrace:101:117 putpmsg:182:-
query_module:178:- quotactl:179:60 quotactl_fd:443:443 reboot:169:142 remap_file_pages:216:234 request_key:249:218
security:185:- set_mempolicy:238:237 set_mempolicy_home_node:450:450 set_thread_area:205:- setdomainname:171:162
sethostname:170:161 setns:308:268 settimeofday:164:170 swapoff:168:225 swapon:167:224 sync_file_range2:-:84
sysfs:139:- syslog:103:116 tuxcall:184:- umount2:166:39 unshare:272:97 uselib:134:- userfaultfd:323:282
ustat:136:- vhangup:153:58 vserver:236:-
"""


def denied_numbers(machine: str) -> dict[str, int]:
    """Name to number of all known calls that are not allowed. Raises KeyError for a processor that is not known."""
    column = {"x86_64": 1, "aarch64": 2}[machine]
    rows = (entry.split(":") for entry in _DENIED.split())
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}
