"""A network namespace with nothing but loopback: Ray binds every interface there is, so there had better be no other."""

import ctypes
import fcntl
import os
import socket
import struct

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

# Why there is none, where `enter` failed.
reason = None


def enter():
    """Moves this process (of one thread yet) into a namespace of its own and sets loopback up; without being root by way of a user namespace."""
    global reason
    if interfaces() == {"lo"}:
        return  # somebody has done so already
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET) != 0:
            _enter_as_user(libc)
        _set_loopback_up()
    except (OSError, AttributeError) as problem:
        reason = str(problem)


def interfaces():
    """The names of this process's network interfaces; empty where the system does not tell."""
    try:
        with open("/proc/net/dev") as file:
            return {line.split(":")[0].strip() for line in file if ":" in line}
    except OSError:
        return set()


def _enter_as_user(libc):
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"unshare: {os.strerror(ctypes.get_errno())}")
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _set_loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
