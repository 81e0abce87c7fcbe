"""The spiking network in JAX, compiled: jit of a scan over the steps, surrogate gradient by custom_jvp."""

import jax
import jax.numpy as jnp
import numpy as np
from peer import observations, serve, weights


@jax.custom_jvp
def spike(x):
    return (x > 0).astype(jnp.float32)


@spike.defjvp
def spike_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return spike(x), dx / (100 * jnp.abs(x) + 1) ** 2


def forward(parameters, x, steps):
    """Integrate and fire, reset by subtraction, readout by final potential; the product of the constant input is taken once."""
    first, *others = parameters
    h0 = x @ first
    zeros = [jnp.zeros((x.shape[0], w.shape[1])) for w in parameters]

    def step(state, _):
        potentials, currents = state
        spikes = [spike(v - 1) for v in potentials[:-1]]
        h = [h0] + [s @ w for s, w in zip(spikes, others)]
        resets = [jax.lax.stop_gradient(s) for s in spikes] + [0.0]
        return ([v + i - r for v, i, r in zip(potentials, currents, resets)], h), None

    (potentials, _), _ = jax.lax.scan(step, (zeros, zeros), None, length=steps)
    return potentials[-1]


def lif(parameters, x, steps, beta=0.9):
    """Integrate, fire and reset by subtraction in one step, readout by final potential; the product of the constant input is taken once."""
    h0 = x @ parameters[0]
    zeros = [jnp.zeros((x.shape[0], w.shape[1])) for w in parameters]

    def step(potentials, _):
        after, h = [], h0
        for v, w in zip(potentials, parameters[1:]):
            m = beta * v + h
            s = spike(m - 1)
            after.append(m - jax.lax.stop_gradient(s))
            h = s @ w
        return after + [beta * potentials[-1] + h], None

    potentials, _ = jax.lax.scan(step, zeros, None, length=steps)
    return potentials[-1]


def gradient(shape, batch=128, steps=20, network=forward):
    parameters = [jnp.asarray(w) for w in weights(shape)]
    x = jnp.asarray(observations(batch, shape[0]))
    target = jnp.zeros((batch, shape[-1]))
    compiled = jax.jit(
        jax.value_and_grad(lambda p: jnp.mean((network(p, x, steps) - target) ** 2))
    )
    return lambda: jax.block_until_ready(compiled(parameters))


def decision(shape, steps, network=forward):
    parameters = [jnp.asarray(w) for w in weights(shape)]
    x = observations(1, shape[0])
    compiled = jax.jit(lambda p, x: jnp.argmax(network(p, x, steps)[0]))
    return lambda: int(compiled(parameters, np.asarray(x)))


serve(
    {
        "gradient 5-17-17-2": lambda: gradient([5, 17, 17, 2]),
        "gradient 3-65-65-3": lambda: gradient([3, 65, 65, 3]),
        "gradient 5-64-64-2": lambda: gradient([5, 64, 64, 2]),
        "gradient lif, T 4": lambda: gradient([4, 64, 64, 2], steps=4, network=lif),
        "gradient lif, T 20": lambda: gradient([4, 64, 64, 2], network=lif),
        "decision 5-17-17-2": lambda: decision([5, 17, 17, 2], 20),
        "decision lif, T 4": lambda: decision([4, 64, 64, 2], 4, lif),
    }
)
