"""The cluster's side of a node, without Ray: archives, disks, Node's channel; and a network of one's own."""

import io
import os
import subprocess
import sys
import tarfile
from collections import namedtuple

import pytest

from dsqn_bridge.cluster import isolate
from dsqn_bridge.cluster.node import code
from dsqn_bridge.cluster.node.check import check
from dsqn_bridge.cluster.node.program import environment
from dsqn_bridge.cluster.node.refused import Refused
from dsqn_bridge.cluster.node.server import NodeEnded, Server

HERE = os.path.dirname(os.path.abspath(__file__))


def archive(*members):
    """A tar of ``(name, content or link)``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                made.addfile(info)
            else:
                info.size = len(content)
                made.addfile(info, io.BytesIO(content))
    buffer.seek(0)
    return tarfile.open(fileobj=buffer)


def test_an_archive_is_unpacked_with_its_folders(tmp_path):
    code.extract(archive(("a/b/c.txt", b"text"), ("d", b"")), str(tmp_path))
    assert (tmp_path / "a/b/c.txt").read_bytes() == b"text"
    assert (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "member", [("../out", b"x"), ("/etc/out", b"x"), ("a/../../out", b"x"), ("link", "/etc/passwd")]
)
def test_nothing_of_an_archive_comes_to_lie_elsewhere(tmp_path, member):
    with pytest.raises(Refused):
        code.extract(archive(member), str(tmp_path / "in"))
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_told_before_anything_is_unpacked(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(code.shutil, "disk_usage", lambda folder: usage(1 << 30, 1 << 30, 1 << 20))
    with pytest.raises(Refused) as refusal:
        code.must_have_room(str(tmp_path), 90 << 20)
    assert refusal.value.error["code"] == "DISK_FULL"
    assert refusal.value.error["facts"]["free"] == 1 << 20


def test_code_that_is_not_there_is_another_version(tmp_path):
    task = {"code": {"folder": str(tmp_path)}, "shared": True}
    assert check(task)["error"]["code"] == "CLUSTER_VERSION"


def test_a_node_without_node_js_is_unfit(tmp_path):
    (tmp_path / "package.json").write_text("{}")
    task = {
        "code": {"folder": str(tmp_path)},
        "shared": True,
        "folder": "/job",
        "token": "t",
        "codeHash": "h",
        "env": {},
    }
    answer = check(dict(task, node="/no/such/node", program="bin/dsqn.js"))
    assert answer["error"]["code"] == "RAY_NODE_UNFIT" and "/no/such/node" in answer["error"]["message"]


def test_the_token_of_the_cluster_is_not_passed_on(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    assert "secret" not in environment({}).values()


CHILD = """
import json, os, socket, sys
channel = socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"])).makefile("rwb", buffering=0)
print(sys.argv[1:])
for line in channel:
    order = json.loads(line)
    if order.get("piece") == "bad":
        sys.exit("gone")
    if "stop" in order:
        break
    for reply in ({"note": {"done": 1}}, {"done": order["piece"]}):
        channel.write(json.dumps(reply).encode() + b"\\n")
"""


@pytest.fixture
def server(tmp_path):
    """A process that speaks as ``dsqn piece --serve`` does."""
    (tmp_path / "program.py").write_text(CHILD)
    task = {"node": sys.executable, "program": "program.py", "env": {}}
    return Server(task, str(tmp_path), "/job")


def test_pieces_are_done_one_after_the_other_by_a_warm_process(server):
    assert server.do("a") == {"done": "a"}
    assert server.do("b") == {"done": "b"}
    server.close()
    assert server.process.returncode == 0
    assert "['piece', '/job', '--serve']" in server.said()


def test_a_process_that_ends_is_a_matter_for_ray(server):
    with pytest.raises(NodeEnded, match="(?s)exit code 1: .*gone"):
        server.do("bad")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="namespaces are Linux's")
def test_a_network_of_ones_own_has_loopback_alone():
    code = """
from dsqn_bridge.cluster import isolate
isolate.enter()
import socket
assert isolate.reason is not None or isolate.interfaces() == {"lo"}, isolate.interfaces()
if isolate.reason is None:
    listener = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(listener.getsockname(), timeout=5).close()
print(isolate.reason)
"""
    env = dict(os.environ, PYTHONPATH=os.path.dirname(HERE))
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    # This process stays where it is.
    assert isolate.reason is None
