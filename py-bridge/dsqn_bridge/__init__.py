"""The Python side of dsqn: hosts Gymnasium environments and simulators behind one small, authenticated protocol.

Runs on Python 3.8+ with pyzmq, msgpack and numpy; everything else is imported when a method needs it.
"""

__version__ = "0.1.0"


def export_torch(module, inputs, path, steps=None, run=None, name=None):
    """Writes a spiking network of PyTorch and its spikes to one file: frameworks/export.py. Needs torch and numpy, nothing else."""
    from .frameworks.export import export_torch as export

    return export(module, inputs, path, steps=steps, run=run, name=name)
