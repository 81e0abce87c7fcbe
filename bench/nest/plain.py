"""The peer: one decision in plain PyNEST, as a user would write it, timed by its own clock. Nothing of dsqn is used."""

import time

import nest
import numpy as np


def decide(_session, params, arrays):
    """The same network and the same work: from an empty kernel to an empty kernel, spikes and potentials read. Returns seconds."""
    steps = params["steps"]
    weights = [arrays[f"w{index}"].astype(float) for index in range(params["layers"])]
    state = arrays["inputs"].astype(float)
    began = time.perf_counter()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = 1.0
    common = {"C_m": 1.0, "E_L": 0.0, "tau_m": 1e300, "I_e": 0.0, "V_m": 0.0}
    hidden = {**common, "t_ref": 0.0, "V_th": float(np.nextafter(1.0, 2.0))}
    output = {**common, "V_reset": 0.0, "V_th": 1e300}
    layers = [nest.Create("eprop_iaf", matrix.shape[1], hidden) for matrix in weights[:-1]]
    layers.append(nest.Create("iaf_psc_delta", weights[-1].shape[1], output))
    clock = nest.Create("spike_generator", params={"spike_times": np.arange(1.0, steps)})
    nest.Connect(
        clock,
        layers[0],
        "all_to_all",
        {"weight": (state @ weights[0])[:, None], "delay": 1.0},
    )
    for before, after, matrix in zip(layers, layers[1:], weights[1:]):
        nest.Connect(
            before,
            after,
            "all_to_all",
            {"weight": np.ascontiguousarray(matrix.T), "delay": 2.0},
        )
    recorder = nest.Create("spike_recorder")
    for layer in layers[:-1]:
        nest.Connect(layer, recorder)
    nest.Simulate(float(steps))
    events = recorder.get("events")
    spikes = len(events["senders"])
    potentials = np.asarray(layers[-1].V_m)
    nest.ResetKernel()
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "spikes": spikes}, {"potentials": potentials}
