"""Networks of four frameworks as their own exporters write them to NIR, with the spikes of the networks themselves.

    python bench/frameworks/nir_files.py OUT [--plain] [snntorch norse spikingjelly sinabs, or names of networks]

writes OUT/nir/NAME.nir (the graph), OUT/nir/NAME.npz (x [states, ...], the same current in every step; spikes0, spikes1, ..
[steps, states, neurons], counts, images as channels, rows, columns) and OUT/nir/NAME.data.nir (the same spikes as NIRData,
where the installed nir has it). Names begin with the framework. What a file of NIR does not say stands in
OUT/nir/NAME.options.json: the options of `readNir` that differ from the dialect's own. Needs torch, numpy, nir, nirtorch and the
frameworks that are asked for: requirements-nir.txt. sinabs pins nir <= 1.0.4, snnTorch's exporter needs a later one. --plain: nothing is packed.
"""

import inspect
import json
import sys
from pathlib import Path

import nir
import numpy as np
import torch
from torch import nn

STEPS = 60
STATES = 6


def seeded(seed):
    torch.manual_seed(seed)
    return torch.rand(STATES, 4) * 2


def images(seed):
    torch.manual_seed(seed)
    return torch.rand(STATES, 2, 8, 8)


def linear(inputs, outputs, bias=True, scale=2.0):
    module = nn.Linear(inputs, outputs, bias=bias)
    module.weight.data *= scale
    return module


def wanted(name):
    names = [argument for argument in sys.argv[2:] if argument not in makers and not argument.startswith("-")]
    return not names or name in names


def write(folder, name, graph, x, spikes, options=None, dt=1e-4):
    if not wanted(name):
        return
    # nir 1.0.4 packs nothing and can't be told to.
    plain = "--plain" in sys.argv and "compression" in inspect.signature(nir.write).parameters
    nir.write(folder / f"{name}.nir", graph, **({"compression": None} if plain else {}))
    arrays = {f"spikes{layer}": np.stack(s).astype(np.uint8) for layer, s in enumerate(spikes)}
    np.savez_compressed(folder / f"{name}.npz", x=x.numpy(), **arrays)
    if options:
        (folder / f"{name}.options.json").write_text(json.dumps(options))
    if hasattr(nir, "write_data") and "--plain" not in sys.argv:
        recorded = {
            f"{layer}": nir.NIRNodeData(
                observables={"spikes": nir.TimeGriddedData(array.transpose(1, 0, 2).astype(bool), dt)}
            )
            for layer, array in enumerate(arrays.values())
        }
        if all(array.max() <= 1 for array in arrays.values()):
            nir.write_data(folder / f"{name}.data.nir", nir.NIRGraphData(nodes=recorded))
    total = [int(array.sum()) for array in arrays.values()]
    print(f"{name}: {total} spikes")


def flat(s):
    return s.detach().reshape(s.shape[0], -1).numpy()


# snnTorch ---------------------------------------------------------------------------------------------------------------------


def snntorch_files(folder):
    import snntorch as snn
    from snntorch.export_nir import export_to_nir

    def leaky(beta, n, **more):
        # A scalar beta makes a scalar tau, which nir 1.0.8 refuses beside v_threshold of another shape.
        return snn.Leaky(
            beta=torch.full((n,), beta), threshold=torch.ones(n), init_hidden=True, **more
        )

    def synaptic(alpha, beta, n, **more):
        return snn.Synaptic(
            alpha=torch.full((n,), alpha), beta=torch.full((n,), beta), threshold=torch.ones(n), init_hidden=True, **more
        )

    def run(name, modules, x, options=None):
        net = nn.Sequential(*modules)
        spiking = [m for m in modules if isinstance(m, snn.SpikingNeuron)]
        graph = export_to_nir(net, x[:1], ignore_dims=[0])
        for m in spiking:
            if hasattr(m, "reset_hidden"):
                m.reset_hidden()
            elif hasattr(m, "reset_mem"):
                m.reset_mem()
        spikes = [[] for _ in spiking]
        with torch.no_grad():
            for _ in range(STEPS):
                s = x
                for m in modules:
                    s = m(s)
                    if isinstance(s, tuple):
                        s = s[0]
                    if m in spiking:
                        spikes[spiking.index(m)].append(flat(s))
        write(folder, name, graph, x, spikes, options)

    x = seeded(1)
    run("snntorch-leaky", [linear(4, 16), leaky(0.9, 16), linear(16, 8), leaky(0.8, 8)], x)
    run(
        "snntorch-leaky-zero",
        [linear(4, 16), leaky(0.9, 16, reset_mechanism="zero"), linear(16, 8), leaky(0.8, 8, reset_mechanism="zero")],
        x,
        {"reset": "zero"},
    )
    betas = torch.rand(16)
    run("snntorch-leaky-each", [linear(4, 16, False), snn.Leaky(beta=betas, threshold=torch.rand(16) + 0.5, init_hidden=True)], x)
    run("snntorch-synaptic", [linear(4, 16, scale=1), synaptic(0.5, 0.9, 16), linear(16, 8), synaptic(0.7, 0.8, 8)], x)
    run(
        "snntorch-synaptic-zero",
        [linear(4, 16, scale=1), synaptic(0.5, 0.9, 16, reset_mechanism="zero")],
        x,
        {"reset": "zero"},
    )
    run(
        "snntorch-leaky-nodelay",
        [linear(4, 16), leaky(0.9, 16, reset_delay=False), linear(16, 8), leaky(0.8, 8, reset_delay=False)],
        x,
        {"reset": "subtraction-late"},
    )
    rleaky = snn.RLeaky(beta=0.9, linear_features=16, init_hidden=True)
    run("snntorch-rleaky", [linear(4, 16), rleaky, linear(16, 8), leaky(0.8, 8)], x)
    one = snn.RLeaky(beta=0.9, all_to_all=False, V=torch.rand(16) - 0.5, init_hidden=True)
    run("snntorch-rleaky-one", [linear(4, 16), one], x)
    rsynaptic = snn.RSynaptic(alpha=0.5, beta=0.9, linear_features=16, init_hidden=True)
    run("snntorch-rsynaptic", [linear(4, 16, scale=1), rsynaptic], x)
    conv = nn.Conv2d(2, 3, 3, padding=1)
    conv.weight.data *= 3
    run(
        "snntorch-conv",
        [conv, snn.Leaky(beta=torch.full((3, 8, 8), 0.9), threshold=torch.ones(3, 8, 8), init_hidden=True), nn.AvgPool2d(2),
         nn.Flatten(), linear(48, 8, scale=4), leaky(0.9, 8)],
        images(2),
    )


# Norse ------------------------------------------------------------------------------------------------------------------------


def norse_files(folder):
    import norse.torch as norse
    from norse.torch.functional.iaf import IAFParameters
    from norse.torch.functional.lif import LIFParameters
    from norse.torch.functional.lif_box import LIFBoxParameters
    from norse.torch.utils.export_nir import to_nir

    def run(name, modules, x, options=None):
        spiking = [m for m in modules if not isinstance(m, (nn.Linear, nn.Conv2d, nn.Flatten))]
        graph = to_nir(norse.SequentialState(*modules), x[:1])
        states, spikes = {}, [[] for _ in spiking]
        with torch.no_grad():
            for _ in range(STEPS):
                s = x
                for k, m in enumerate(modules):
                    if m in spiking:
                        s, states[k] = m(s, states.get(k))
                        spikes[spiking.index(m)].append(flat(s))
                    else:
                        s = m(s)
        write(folder, name, graph, x, spikes, options, 1e-3)

    def full(n, value):
        return torch.full((n,), float(value))

    def box(n, **more):
        given = {"tau_mem_inv": 100, "v_leak": 0, "v_th": 1, "v_reset": 0, **more}
        return norse.LIFBoxCell(LIFBoxParameters(**{key: full(n, value) for key, value in given.items()}))

    def cell(n, **more):
        given = {"tau_syn_inv": 200, "tau_mem_inv": 100, "v_leak": 0, "v_th": 1, "v_reset": 0, **more}
        return norse.LIFCell(LIFParameters(**{key: full(n, value) for key, value in given.items()}))

    def iaf(n):
        return norse.IAFCell(IAFParameters(v_th=full(n, 1), v_reset=full(n, 0)))

    x = seeded(3)
    run("norse-lifbox", [linear(4, 16, scale=8), box(16), linear(16, 8, scale=20), box(8)], x)
    run("norse-lifbox-leak", [linear(4, 16, scale=8), box(16, v_leak=0.25, v_th=0.75), linear(16, 8, scale=20), box(8)], x)
    run("norse-lif", [linear(4, 16, scale=2), cell(16)], x)
    run("norse-lif-two", [linear(4, 16, scale=2), cell(16), linear(16, 8, scale=8), cell(8, tau_mem_inv=150)], x)
    run("norse-iaf", [linear(4, 16), iaf(16), linear(16, 8), iaf(8)], x)


# SpikingJelly -----------------------------------------------------------------------------------------------------------------


def spikingjelly_files(folder):
    from spikingjelly.activation_based import functional, layer, neuron
    from spikingjelly.activation_based.nir_exchange import export_to_nir

    def run(name, modules, x, options=None):
        net = nn.Sequential(*modules)
        spiking = [m for m in modules if isinstance(m, neuron.BaseNode)]
        functional.reset_net(net)
        graph = export_to_nir(net, x[:1])
        functional.reset_net(net)
        spikes = [[] for _ in spiking]
        with torch.no_grad():
            for _ in range(STEPS):
                s = x
                for m in modules:
                    s = m(s)
                    if m in spiking:
                        spikes[spiking.index(m)].append(flat(s))
        write(folder, name, graph, x, spikes, options)

    x = seeded(5)
    run("spikingjelly-if", [linear(4, 16), neuron.IFNode(), linear(16, 8), neuron.IFNode(v_threshold=0.7)], x)
    run("spikingjelly-lif", [linear(4, 16, scale=4), neuron.LIFNode(tau=3.0), linear(16, 8, scale=4), neuron.LIFNode()], x)
    run("spikingjelly-lif-plain", [linear(4, 16), neuron.LIFNode(tau=3.0, decay_input=False)], x)
    run("spikingjelly-lif-reset", [linear(4, 16, scale=4), neuron.LIFNode(tau=3.0, v_reset=-0.5)], x)
    run("spikingjelly-plif", [linear(4, 16, scale=4), neuron.ParametricLIFNode(init_tau=2.7)], x)
    run("spikingjelly-cuba", [linear(4, 16), neuron.CUBALIFNode(c_decay=0.5, v_decay=0.75, v_threshold=1.0)], x)
    conv = layer.Conv2d(2, 3, 3, padding=1, bias=False)
    conv.weight.data *= 3
    run(
        "spikingjelly-conv",
        [conv, neuron.IFNode(), layer.AvgPool2d(2), layer.Flatten(), linear(48, 8, scale=4), neuron.IFNode()],
        images(6),
    )


# sinabs -----------------------------------------------------------------------------------------------------------------------


def sinabs_files(folder):
    from sinabs import activation, layers
    from sinabs.nir import to_nir

    def run(name, modules, x, options=None):
        net = nn.Sequential(*modules)
        spiking = [m for m in modules if isinstance(m, layers.StatefulLayer)]
        # Squeezing layers take [batch x steps, ...]; one step at a time here.
        with torch.no_grad():
            graph = to_nir(net, x[:1])
            for node in graph.nodes.values():
                # nir 1.0.4 can't write a shape that is not known.
                if isinstance(node, nir.Conv2d) and node.input_shape is None:
                    node.input_shape = tuple(x.shape[2:])
                if isinstance(node, nir.Flatten) and node.input_type["input"] is None:
                    node.input_type = {"input": np.array([3, 4, 4])}
            spikes = [[] for _ in spiking]
            for m in spiking:
                m.reset_states()
            for _ in range(STEPS):
                s = x
                for m in modules:
                    s = m(s)
                    if m in spiking:
                        spikes[spiking.index(m)].append(flat(s))
        write(folder, name, graph, x, spikes, options, 1)

    def iaf(**more):
        return layers.IAFSqueeze(num_timesteps=1, **more)

    def lif(tau, **more):
        return layers.LIFSqueeze(tau_mem=tau, num_timesteps=1, **more)

    single = {"spike_fn": activation.SingleSpike}
    x = seeded(7)
    run("sinabs-iaf", [linear(4, 16, scale=4), iaf(), linear(16, 8, scale=4), iaf()], x)
    run("sinabs-iaf-single", [linear(4, 16, scale=4), iaf(**single), linear(16, 8), iaf(**single)], x, {"maxSpikes": 1})
    run("sinabs-lif", [linear(4, 16, scale=16), lif(10.0), linear(16, 8, scale=8), lif(5.0)], x)
    run("sinabs-lif-plain", [linear(4, 16), lif(10.0, norm_input=False)], x, {"normInput": False})
    conv = nn.Conv2d(2, 3, 3, padding=1, bias=False)
    conv.weight.data *= 3
    run("sinabs-conv", [conv, iaf(), layers.SumPool2d(2), nn.Flatten(), linear(48, 8), iaf()], images(8))


makers = {"snntorch": snntorch_files, "norse": norse_files, "spikingjelly": spikingjelly_files, "sinabs": sinabs_files}

if __name__ == "__main__":
    torch.set_num_threads(1)
    out = Path(sys.argv[1]) / "nir"
    out.mkdir(parents=True, exist_ok=True)
    asked = [argument for argument in sys.argv[2:] if not argument.startswith("-")]
    for framework, make in makers.items():
        if not asked or any(argument.split("-")[0] == framework for argument in asked):
            make(out)
