"""Where sPyNNaker finds its configuration and leaves its reports: a home of each worker's own, so that the user's files stay as they are, and
no worker reads another one's board.

sPyNNaker reads $HOME/.spynnaker.cfg when it is imported, and writes its reports into the working directory.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid

PREFIX = "worker-"
KEPT = 20  # folders of other workers, whose reports somebody may still read
OLD = 7 * 24 * 3600.0  # seconds

_NAME = "%s%d-%s" % (PREFIX, os.getpid(), uuid.uuid4().hex[:8])


def home_of_worker(root: str) -> str:
    """The folder of this process below `root`; nothing is made."""
    return os.path.join(root, _NAME)


def settle(home: str, configuration: str) -> None:
    """Makes `home` the home of this process, with sPyNNaker's configuration in it. Before sPyNNaker is imported."""
    os.makedirs(home, exist_ok=True)
    sweep(os.path.dirname(home))
    path = os.path.join(home, ".spynnaker.cfg")
    with open(path + ".new", "w") as file:
        file.write(configuration)
    os.replace(path + ".new", path)
    os.environ["HOME"] = home
    os.chdir(home)


def sweep(root: str, now: float = 0.0) -> None:
    """Removes what workers left a week ago and before, but for the newest."""
    homes = [entry.path for entry in os.scandir(root) if entry.name.startswith(PREFIX)]
    by_age = sorted((_written(home), home) for home in homes)
    for written, home in by_age[: max(0, len(by_age) - KEPT)]:
        if written < (now or time.time()) - OLD:
            shutil.rmtree(home, ignore_errors=True)


def _written(home: str) -> float:
    """When a worker last wrote its configuration, which it does for every network."""
    try:
        return os.path.getmtime(os.path.join(home, ".spynnaker.cfg"))
    except OSError:
        return time.time()  # it is about to
