"""Networks of every neuron, reset and delay that export_torch knows, with the spikes that their frameworks make, into a folder:

    python bench/frameworks/networks.py FOLDER      (torch, snntorch, norse, spikingjelly and sinabs are needed)
    DSQN_NETWORKS=FOLDER npm test -- tests/frameworks

Weights are random and no dyadic ones; input is constant in some and changes in others.
"""

import sys
from pathlib import Path

import norse.torch as norse
import sinabs.layers as sl
import snntorch as snn
import torch
from norse.torch.functional.lif_box import LIFBoxParameters
from norse.torch.functional.reset import reset_subtract, reset_value
from sinabs.activation import MaxSpike, MembraneReset, MembraneSubtract, MultiSpike, SingleSpike
from spikingjelly.activation_based import layer, neuron
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "py-bridge"))
from dsqn_bridge import export_torch  # noqa: E402

FOLDER = Path(sys.argv[1])
STEPS = 100


def write(name, net, x, steps=None):
    """Weights are drawn by the name, so that a network is the same whatever else is made."""
    torch.manual_seed(sum(name.encode()))
    with torch.no_grad():
        for key, parameter in net.named_parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn_like(parameter) * 2.5 / parameter[0].numel() ** 0.5)
            elif key.endswith("bias"):
                parameter.copy_(0.3 * torch.randn_like(parameter))
    export_torch(net, x, FOLDER / (name + ".json"), steps=steps)
    print(name)


def draw(*shape):
    return torch.randn(*shape) * 1.5


def between(n, low, high):
    return torch.rand(n) * (high - low) + low


def normalised(norm):
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    return norm


def snntorch_networks():
    for reset in ("subtract", "zero", "none"):
        for delay in (True, False):
            options = {"init_hidden": True, "reset_mechanism": reset, "reset_delay": delay}

            def leaky(n, options=options):
                return snn.Leaky(between(n, 0.7, 1), threshold=between(n, 0.5, 1.5), **options)

            def synaptic(n, options=options):
                return snn.Synaptic(between(n, 0, 0.8), between(n, 0.7, 1), **options)

            def recurrent(n, options=options):
                return snn.RLeaky(0.85, linear_features=n, **options)

            kind = "%s-%s" % (reset, "delayed" if delay else "at-once")
            three = nn.Sequential(nn.Linear(6, 64), leaky(64), nn.Linear(64, 48), leaky(48), nn.Linear(48, 3), leaky(3))
            write("snntorch-leaky-%s" % kind, three, draw(16, 6), STEPS)
            two = nn.Sequential(nn.Linear(6, 64), synaptic(64), nn.Linear(64, 3), synaptic(3))
            write("snntorch-synaptic-%s" % kind, two, draw(STEPS, 16, 6))
            two = nn.Sequential(nn.Linear(6, 40), recurrent(40), nn.Linear(40, 3), recurrent(3))
            write("snntorch-rleaky-%s" % kind, two, draw(60, 8, 6))
    one = snn.RLeaky(0.9, V=0.3, all_to_all=False, init_hidden=True)
    net = nn.Sequential(nn.Linear(6, 40), one, nn.Linear(40, 3), snn.Leaky(0.9, init_hidden=True))
    write("snntorch-rleaky-one-to-one", net, draw(16, 6), 80)


def spikingjelly_networks():
    for v_reset in (None, 0.0, -0.3, 0.2):
        net = nn.Sequential(
            layer.Linear(6, 64),
            neuron.IFNode(v_reset=v_reset, v_threshold=0.8),
            layer.Linear(64, 64),
            neuron.LIFNode(tau=3.3, v_reset=v_reset),
            layer.Linear(64, 32, bias=False),
            neuron.LIFNode(tau=1.7, decay_input=False, v_reset=v_reset),
            layer.Linear(32, 4),
            neuron.ParametricLIFNode(init_tau=2.2, v_reset=v_reset),
        )
        write("spikingjelly-%s" % v_reset, net, draw(STEPS, 16, 6))
    images = nn.Sequential(
        layer.Conv2d(2, 8, 3, padding=1),
        normalised(layer.BatchNorm2d(8)),
        neuron.IFNode(v_reset=None),
        layer.MaxPool2d(2),
        layer.Conv2d(8, 8, 3, padding=1, groups=4, bias=False),
        normalised(layer.BatchNorm2d(8)),
        neuron.LIFNode(),
        layer.AvgPool2d(2),
        layer.Flatten(),
        layer.Linear(32, 5),
        neuron.IFNode(v_reset=None),
    )
    write("spikingjelly-images", images, draw(40, 4, 2, 8, 8))
    sequences = nn.Sequential(
        nn.Conv1d(3, 6, 5, stride=2, padding=2),
        neuron.IFNode(),
        nn.MaxPool1d(2),
        layer.Flatten(),
        nn.Linear(24, 2),
        neuron.IFNode(),
    )
    write("spikingjelly-sequences", sequences, draw(50, 4, 3, 16))


def norse_networks():
    for name, reset in (("soft", reset_subtract), ("hard", reset_value)):
        at = {"tau_mem_inv": 130.0, "v_leak": 0.1, "v_th": 0.4, "v_reset": -0.1}
        box = LIFBoxParameters(**{key: torch.tensor(value) for key, value in at.items()}, reset_method=reset)
        lif = norse.LIFParameters(v_th=torch.tensor(0.3), v_leak=torch.tensor(-0.1))
        net = norse.SequentialState(
            nn.Linear(6, 64),
            norse.LIFBoxCell(box),
            nn.Linear(64, 32),
            norse.LIFCell(lif),
            nn.Linear(32, 3),
            norse.IAFCell(),
        )
        write("norse-%s" % name, net, draw(16, 6), STEPS)


def sinabs_networks():
    for name, spikes in (("single", SingleSpike), ("multi", MultiSpike), ("at-most-three", MaxSpike(3))):
        for kind, reset in (
            ("sub", MembraneSubtract()),
            ("reset", MembraneReset()),
            ("sub-0.7", MembraneSubtract(0.7)),
        ):
            own = {"spike_fn": spikes, "reset_fn": reset}
            net = nn.Sequential(
                nn.Linear(6, 64),
                sl.LIF(tau_mem=6.0, tau_syn=3.0, **own),
                nn.Linear(64, 32),
                sl.LIF(tau_mem=4.0, norm_input=False, min_v_mem=-1.0, **own),
                nn.Linear(32, 4),
                sl.IAF(min_v_mem=-0.5, spike_threshold=torch.tensor(0.8), **own),
            )
            write("sinabs-%s-%s" % (name, kind), net, draw(STEPS, 16, 6))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for make in (snntorch_networks, spikingjelly_networks, norse_networks, sinabs_networks):
        make()
