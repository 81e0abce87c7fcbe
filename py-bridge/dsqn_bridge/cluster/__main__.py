"""``python -m dsqn_bridge.cluster``: a worker that, where DSQN_CLUSTER_ISOLATE is set, has a network of its own with nothing but loopback."""

import os
import sys

from dsqn_bridge.cluster import isolate

# Before anything starts a thread: a namespace is entered by one thread alone.
if os.environ.get("DSQN_CLUSTER_ISOLATE"):
    isolate.enter()

from dsqn_bridge.server import main  # noqa: E402

sys.exit(main())
