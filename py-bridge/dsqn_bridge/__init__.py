"""The Python side of dsqn: hosts Gymnasium environments and simulators behind one small, authenticated protocol.

Runs on Python 3.8+ with pyzmq, msgpack and numpy; everything else is imported when a method needs it.
"""

__version__ = "0.1.0"
