"""``python -m dsqn_bridge``: a worker. Its configuration comes as one JSON line on stdin (docs/protocol.md)."""

import sys

from dsqn_bridge.server import main

sys.exit(main())
