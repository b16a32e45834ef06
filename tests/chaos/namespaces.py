"""A network of its own for a run, and a second one that can be cut off from it.

The product listens on loopback only, so what is to be cut lies between two proxies: one on each
side of a virtual cable between two network namespaces. Namespaces end with the processes in them:
nothing is left behind, however a run ends.
"""

import ctypes
import os
import shutil
import socket
import subprocess
import sys

INSIDE = "PULLWIRE_CHAOS_NAMESPACE"
NEAR, FAR = "10.77.0.1", "10.77.0.2"
NEAR_CABLE, FAR_CABLE = "near", "far"
CLONE_NEWNET = 0x40000000


def enter() -> str:
    """Starts the program anew in a network namespace of its own. Comes back only inside of one,
    or where that is not permitted: then with the reason."""
    if os.environ.get(INSIDE):
        _ip("link", "set", "lo", "up")
        return ""
    if not shutil.which("ip"):
        return "ip (iproute2) is missing"
    reason = "unshare is missing"
    for options in (["--net"], ["--net", "--user", "--map-root-user"]):
        command = ["unshare", *options, "--"]
        try:
            # A cable and a second namespace, as the run will need them.
            probe = ("ip link set lo up && ip link add probe0 type veth peer name probe1 && "
                     "unshare --net true")
            tried = subprocess.run([*command, "sh", "-c", probe], capture_output=True, text=True)
        except OSError as error:
            return str(error)
        if tried.returncode == 0:
            environment = {**os.environ, INSIDE: "1"}
            os.execvpe(command[0], [*command, sys.executable, *sys.orig_argv[1:]], environment)
        reason = (tried.stderr.strip().splitlines() or ["unshare failed"])[-1]
    return reason


def join(pid: int) -> None:
    """Lays the cable to the namespace of process `pid`."""
    _ip("link", "add", NEAR_CABLE, "type", "veth", "peer", "name", FAR_CABLE, "netns", str(pid))
    _ip("address", "add", f"{NEAR}/30", "dev", NEAR_CABLE)
    _ip("address", "add", f"{FAR}/30", "dev", FAR_CABLE, within=pid)
    _ip("link", "set", "lo", "up", within=pid)
    for way in ("in", "out"):
        set_cable(pid, way, "up")


def set_cable(pid: int, way: str, state: str) -> None:
    """Where this end goes down packets vanish silently at the other one, and are refused here."""
    if way in ("in", "both"):
        _ip("link", "set", NEAR_CABLE, state)
    if way in ("out", "both"):
        _ip("link", "set", FAR_CABLE, state, within=pid)


def command_in(pid: int) -> list[str]:
    return ["nsenter", f"--net=/proc/{pid}/ns/net", "--"]


def socket_in(pid: int | None) -> socket.socket:
    """A TCP socket of the namespace of process `pid`, whatever this process does later."""
    if pid is None:
        return socket.socket()
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    other = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _set_namespace(libc, other)
        try:
            return socket.socket()
        finally:
            _set_namespace(libc, own)
    finally:
        os.close(own)
        os.close(other)


def _set_namespace(libc, descriptor: int) -> None:
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _ip(*arguments: str, within: int | None = None) -> None:
    command = ["ip", *arguments] if within is None else [*command_in(within), "ip", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
