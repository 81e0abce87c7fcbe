"""A Ray cluster of several nodes on one machine, for tests: 127.0.0.1 (the head), 127.0.0.2, ... Nothing but loopback may be there (``unshare -n``).

    python ray-nodes.py FOLDER COUNT CPUS    one JSON line when all run: {"address", "token", "nodes": [{"host", "pid", "cache"}]}

Then a line on stdin "kill I" ends node I as a power cut does (SIGKILL to every process of it), "add" starts another; each is answered by a line. All ends
with stdin. The token lies in FOLDER/token.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time

folder, count, cpus = sys.argv[1], int(sys.argv[2]), sys.argv[3]
token = os.path.join(folder, "token")
nodes = []


def interfaces():
    with open("/proc/net/dev") as file:
        return {line.split(":")[0].strip() for line in file if ":" in line}


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for one in sockets:
        one.bind(("", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def start(head=None):
    host = f"127.0.0.{len(nodes) + 1}"
    cache = os.path.join(folder, f"cache-{len(nodes) + 1}")
    os.makedirs(cache, exist_ok=True)
    gcs, grpc, http, metrics, runtime = free_ports(5)
    # Ports of its agents that are given: else a raylet waits 15 s for them, and gives up on a machine that is busy.
    words = ["start", "--node-ip-address", host, "--num-cpus", cpus, "--disable-usage-stats", "--block"]
    words += ["--temp-dir", os.path.join(folder, f"r{len(nodes) + 1}"), "--include-log-monitor", "false"]
    words += ["--dashboard-agent-grpc-port", grpc, "--dashboard-agent-listen-port", http]
    words += ["--metrics-export-port", metrics, "--runtime-env-agent-port", runtime, "--object-store-memory", 200_000_000]
    words += ["--head", "--port", gcs, "--include-dashboard", "false"] if head is None else ["--address", head]
    log = open(os.path.join(folder, f"node-{len(nodes) + 1}.log"), "w+")
    env = dict(os.environ, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN_PATH=token, DSQN_CLUSTER_CACHE=cache, RAY_worker_niceness="0")
    command = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", *map(str, words)]
    process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env)
    nodes.append({"host": host, "pid": process.pid, "cache": cache, "process": process})
    for _ in range(1200):
        with open(log.name) as said:
            if "Ray runtime started" in said.read():
                return f"127.0.0.1:{gcs}" if head is None else head
        if process.poll() is not None:
            break
        time.sleep(0.1)
    with open(log.name) as said:
        sys.exit(f"node {host} did not start: {said.read()[-2000:]}")


def descendants(pid):
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    children.setdefault(int(file.read().rsplit(")", 1)[1].split()[1]), []).append(int(name))
            except OSError:
                pass
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        queue += children.get(found[-1], [])
    return found


def kill(node):
    pids = descendants(node["pid"])
    for stop in (signal.SIGSTOP, signal.SIGKILL):  # at once: none of them sees another one end
        for pid in pids:
            try:
                os.kill(pid, stop)
            except ProcessLookupError:
                pass
    node["process"].wait()


def say(thing):
    print(json.dumps(thing), flush=True)


def described():
    return [{key: node[key] for key in ("host", "pid", "cache")} for node in nodes]


if interfaces() != {"lo"}:
    sys.exit("Ray binds all interfaces: run this within `unshare -n`.")
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
os.makedirs(folder, exist_ok=True)
with open(os.open(token, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
    file.write(secrets.token_hex(32))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
try:
    address = start()
    while len(nodes) < count:
        start(address)
    say({"address": address, "token": token, "nodes": described()})
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "kill":
            kill(nodes[int(rest[0])])
        elif word == "add":
            start(address)
        say({"nodes": described()})
finally:
    for node in reversed(nodes):
        kill(node)
