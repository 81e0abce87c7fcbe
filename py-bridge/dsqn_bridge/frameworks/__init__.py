"""Networks of PyTorch's spiking frameworks, written down with the spikes that they make. Needs torch and numpy, and nothing of the bridge."""
