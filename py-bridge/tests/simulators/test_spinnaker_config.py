"""What happens before any board: configuration, and boards that don't answer."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from dsqn_bridge.errors import BridgeError
from dsqn_bridge.simulators.spinnaker_config import board_from, configuration, reach
from dsqn_bridge.simulators.spinnaker_home import KEPT, OLD, PREFIX, settle, sweep

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def test_no_board_is_named(tmp_path):
    with pytest.raises(BridgeError) as caught:
        board_from({"home": str(tmp_path)})
    assert caught.value.code == "BOARD_MISSING"


def test_a_board_that_does_not_answer(tmp_path):
    # TEST-NET-1: an address that nobody has.
    board = board_from({"home": str(tmp_path), "host": "192.0.2.1", "timeoutMs": 300})
    began = time.monotonic()
    with pytest.raises(BridgeError) as caught:
        reach(board)
    assert caught.value.code == "BOARD_UNREACHABLE"
    assert "192.0.2.1" in str(caught.value)
    assert time.monotonic() - began < 3


def test_a_spalloc_server_that_does_not_answer(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    board = board_from({"home": str(tmp_path), "spalloc": "127.0.0.1:%d" % port, "timeoutMs": 300})
    with pytest.raises(BridgeError) as caught:
        reach(board)
    assert caught.value.code == "BOARD_UNREACHABLE"


def test_a_server_that_answers(tmp_path):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        reach(board_from({"home": str(tmp_path), "spalloc": "127.0.0.1:%d" % server.getsockname()[1]}))


def test_the_board_is_asked_for_its_version(tmp_path, monkeypatch):
    """A toy board: one UDP socket that answers an SCP version request."""
    from dsqn_bridge.simulators import spinnaker_config

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as toy:
        toy.bind(("127.0.0.1", 0))
        toy.settimeout(2)
        monkeypatch.setattr(spinnaker_config, "SCP_PORT", toy.getsockname()[1])
        import threading

        def answer():
            request, sender = toy.recvfrom(512)
            assert len(request) == 26 and request[10:12] == b"\0\0"
            toy.sendto(b"reply", sender)

        thread = threading.Thread(target=answer)
        thread.start()
        reach(board_from({"home": str(tmp_path), "host": "127.0.0.1", "timeoutMs": 2000}))
        thread.join()


def test_the_configuration_lies_in_a_home_of_our_own(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.chdir(tmp_path)
    board = board_from({"home": str(tmp_path / "home"), "host": "192.0.2.1", "boardVersion": 3})
    settle(board.home, configuration(board))
    assert os.environ["HOME"] == os.getcwd() == board.home
    with open(os.path.join(board.home, ".spynnaker.cfg")) as file:
        text = file.read()
    assert "machine_name = 192.0.2.1" in text and "version = 3" in text and "virtual_board = False" in text


def test_a_board_that_does_not_answer_leaves_this_process_as_it_was(tmp_path, monkeypatch):
    from dsqn_bridge.simulators.spinnaker_methods import info

    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    for named in ({"host": "192.0.2.1"}, {"spalloc": "127.0.0.1:1"}):
        with pytest.raises(BridgeError) as caught:
            info(None, {"home": str(home), "timeoutMs": 200, **named}, {})
        assert caught.value.code == "BOARD_UNREACHABLE"
    assert os.environ["HOME"] == "/nowhere" and os.getcwd() == str(tmp_path)
    assert not home.exists()


WORKER = """
import json, os, sys, time
from dsqn_bridge.simulators.spinnaker_config import board_from, configuration
from dsqn_bridge.simulators.spinnaker_home import settle
root, host = sys.argv[1:]
board = board_from({"home": root, "host": host})
wrong, until = 0, time.monotonic() + 0.5
while time.monotonic() < until:  # both write while both read
    settle(board.home, configuration(board))
    with open(os.path.join(os.environ["HOME"], ".spynnaker.cfg")) as file:
        wrong += ("machine_name = %s\\n" % host) not in file.read()
print(json.dumps([wrong, board.home]))
"""


def test_workers_at_once_read_their_own_configuration(tmp_path):
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path / "home"), host], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for host in ("192.0.2.1", "192.0.2.2")
    ]
    (wrong, home), (other_wrong, other) = (json.loads(worker.communicate(timeout=60)[0]) for worker in workers)
    assert (wrong, other_wrong) == (0, 0)
    assert home != other


def test_homes_of_long_ago_are_swept_but_for_the_newest(tmp_path):
    now = 1e9
    for index in range(KEPT + 3):
        home = tmp_path / ("%s%d" % (PREFIX, index))
        home.mkdir()
        (home / ".spynnaker.cfg").write_text("")
        os.utime(home / ".spynnaker.cfg", (now - OLD - 100 + index, now - OLD - 100 + index))
    (tmp_path / "mine").mkdir()
    sweep(str(tmp_path), now)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"mine"} | {"%s%d" % (PREFIX, index) for index in range(3, KEPT + 3)}
    sweep(str(tmp_path), now - OLD)  # nothing is old yet
    assert len(list(tmp_path.iterdir())) == KEPT + 1


UNSAFE = """
import sys
from dsqn_bridge.simulators.spinnaker_config import board_from, import_spynnaker
import_spynnaker(board_from({"home": sys.argv[1], "virtual": True}))
import_spynnaker(board_from({"home": sys.argv[1], "virtual": True}))  # twice: patched once
from spinn_front_end_common.utilities.sqlite_db import SQLiteDB
with SQLiteDB("some.sqlite3") as database:
    print(database.cursor().execute("PRAGMA synchronous").fetchone()[0])
with SQLiteDB("some.sqlite3", read_only=True) as database:
    print(database.cursor().execute("PRAGMA query_only").fetchone()[0])
print(hasattr(SQLiteDB.__init__.wrapped, "wrapped"))
"""


def test_reports_are_not_waited_for(tmp_path):
    """A run opens sPyNNaker's databases a hundred times: to wait for the disk each time took most of a decision."""
    pytest.importorskip("spynnaker")
    command = [sys.executable, "-c", UNSAFE, str(tmp_path / "home")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert done.stdout.split() == ["0", "0", "False"], done.stderr[-2000:]
