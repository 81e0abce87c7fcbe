"""The spiking and the dense network in PyTorch, eager (and the gradient also through torch.compile)."""

import itertools

import torch
from peer import observations, serve, weights


class SuperSpike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x > 0).float()

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient / (100 * x.abs() + 1) ** 2


def forward(parameters, x, steps):
    """Integrate and fire, reset by subtraction, readout by final potential; the product of the constant input is taken once."""
    h0 = x @ parameters[0]
    potentials = [torch.zeros(x.shape[0], w.shape[1]) for w in parameters]
    currents = [torch.zeros(x.shape[0], w.shape[1]) for w in parameters]
    last = len(parameters) - 1
    for _ in range(steps):
        spikes = [SuperSpike.apply(v - 1) for v in potentials[:-1]]
        h = [h0] + [s @ w for s, w in zip(spikes, parameters[1:])]
        potentials = [
            v + i - spikes[k].detach() if k < last else v + i
            for k, (v, i) in enumerate(zip(potentials, currents))
        ]
        currents = h
    return potentials[-1]


def spiking(shape):
    return [torch.tensor(w, requires_grad=True) for w in weights(shape)]


def dense(shape):
    layers = []
    for n, m in itertools.pairwise(shape):
        layers += [torch.nn.Linear(n, m), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def update(policy, target, parameters, size, batch=128):
    """A double-DQN update: three forward passes, one backward pass, element-wise clipping, Adam."""
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    states, following = (
        torch.tensor(observations(batch, size, seed)) for seed in (2, 3)
    )
    actions = torch.arange(batch).remainder(2).unsqueeze(1)
    rewards = torch.ones(batch)

    def step():
        with torch.no_grad():
            best = policy(following).argmax(1, keepdim=True)
            wanted = rewards + 0.99 * target(following).gather(1, best).squeeze(1)
        loss = torch.nn.functional.mse_loss(
            policy(states).gather(1, actions).squeeze(1), wanted
        )
        optimizer.zero_grad()
        loss.backward()
        for p in parameters:
            p.grad.clamp_(-1, 1)
        optimizer.step()

    return step


def spiking_update(shape, steps=20):
    parameters, target = spiking(shape), spiking(shape)
    return update(
        lambda x: forward(parameters, x, steps),
        lambda x: forward(target, x, steps),
        parameters,
        shape[0],
    )


def dense_update(shape):
    policy, target = dense(shape), dense(shape)
    return update(policy, target, list(policy.parameters()), shape[0])


def decision(shape, steps):
    parameters = [torch.tensor(w) for w in weights(shape)]
    x = torch.tensor(observations(1, shape[0]))

    def act():
        with torch.no_grad():
            return int(forward(parameters, x, steps).argmax(1))

    return act


def convolutional_decision(steps=100):
    """Nature's network of integrate-and-fire neurons over 84 x 84 x 4, step by step; the first product is taken once."""
    conv2d = torch.nn.functional.conv2d
    generator = torch.Generator().manual_seed(1)

    def draw(*shape, fan):
        return torch.randn(*shape, generator=generator) * (2 / fan) ** 0.5

    kernels = [
        draw(32, 4, 8, 8, fan=256),
        draw(64, 32, 4, 4, fan=512),
        draw(64, 64, 3, 3, fan=576),
    ]
    matrices = [draw(3136, 512, fan=3136), draw(512, 4, fan=512)]
    biases = [torch.zeros(n) for n in (32, 64, 64, 512, 4)]
    x = torch.rand(1, 4, 84, 84, generator=generator) * 0.3
    shapes = [(1, 32, 20, 20), (1, 64, 9, 9), (1, 64, 7, 7), (1, 512), (1, 4)]

    def act():
        with torch.no_grad():
            h0 = conv2d(x, kernels[0], biases[0], stride=4)
            potentials = [torch.full(s, 0.5) for s in shapes]
            currents = [torch.zeros(s) for s in shapes]
            for _ in range(steps):
                spikes = [(v > 1).float() for v in potentials[:-1]]
                h = [
                    h0,
                    conv2d(spikes[0], kernels[1], biases[1], stride=2),
                    conv2d(spikes[1], kernels[2], biases[2]),
                    torch.addmm(biases[3], spikes[2].flatten(1), matrices[0]),
                    torch.addmm(biases[4], spikes[3], matrices[1]),
                ]
                potentials = [
                    v + i - s for v, i, s in zip(potentials, currents, spikes)
                ] + [potentials[-1] + currents[-1]]
                currents = h
            return int(potentials[-1].argmax(1))

    return act


def gradient(shape, compiled, steps=20, batch=128):
    parameters = spiking(shape)
    x = torch.tensor(observations(batch, shape[0]))
    run = torch.compile(forward, fullgraph=True) if compiled else forward

    def both():
        for p in parameters:
            p.grad = None
        run(parameters, x, steps).square().mean().backward()

    return both


serve(
    {
        "update 5-64-64-2": lambda: spiking_update([5, 64, 64, 2]),
        "update 5-17-17-2": lambda: spiking_update([5, 17, 17, 2]),
        "dense update 4-64-64-2": lambda: dense_update([4, 64, 64, 2]),
        "decision nature": convolutional_decision,
        "decision 4-64-64-2": lambda: decision([4, 64, 64, 2], 500),
        "gradient 5-64-64-2": lambda: gradient([5, 64, 64, 2], False),
        "compiled gradient 5-64-64-2": lambda: gradient([5, 64, 64, 2], True),
        "compiled gradient 5-17-17-2": lambda: gradient([5, 17, 17, 2], True),
    }
)
