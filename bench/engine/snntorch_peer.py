"""The spiking network in snnTorch: forward, backward and, where it trains, Adam."""

import snntorch as snn
import torch
from peer import observations, serve, weights
from snntorch import surrogate


def training(shape, steps=20, batch=128, adam=True, **leaky):
    linears = []
    for w in weights(shape):
        linear = torch.nn.Linear(*w.shape, bias=False)
        linear.weight.data = torch.tensor(w.T.copy())
        linears.append(linear)
    leaky = {"beta": 1.0, **leaky}
    gradient = surrogate.fast_sigmoid(slope=100)
    neurons = [snn.Leaky(spike_grad=gradient, **leaky) for _ in linears[:-1]] + [
        snn.Leaky(reset_mechanism="none", **leaky)
    ]
    parameters = [linear.weight for linear in linears]
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    x = torch.tensor(observations(batch, shape[0]))

    def step():
        potentials = [neuron.init_leaky() for neuron in neurons]
        h0 = linears[0](x)
        for _ in range(steps):
            spikes, potentials[0] = neurons[0](h0, potentials[0])
            for k in range(1, len(linears)):
                spikes, potentials[k] = neurons[k](linears[k](spikes), potentials[k])
        optimizer.zero_grad()
        potentials[-1].square().mean().backward()
        if adam:
            optimizer.step()

    return step


serve(
    {
        "training 5-64-64-2": lambda: training([5, 64, 64, 2]),
        "gradient lif, T 4": lambda: training(
            [4, 64, 64, 2], steps=4, adam=False, beta=0.9, reset_delay=False
        ),
        "gradient lif, T 20": lambda: training(
            [4, 64, 64, 2], adam=False, beta=0.9, reset_delay=False
        ),
    }
)
