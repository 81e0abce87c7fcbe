"""The neurons of snnTorch, SpikingJelly, Norse and sinabs as a few numbers, by the names of ../shared/networks (docs/frameworks.md):

    i = alpha i + x   (alphaFirst: i = alpha (i + x))
    m = beta v + (1 - beta) leak + gain (i + leakIn)
    spike where m > threshold (fire ">"), m >= threshold (">="), or floor(m / threshold) spikes ("floor")
    reset as `reset` says, then v = max(v, vMin)

Each function reads one framework's class and knows its code: snnTorch 1.0, SpikingJelly 2.0, Norse 1.1, sinabs 3.1. Nothing is imported: the
classes are known by their names.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np

from .errors import ExportError

Neuron = Dict[str, Any]


def framework_of(module: Any) -> str:
    """The package that a module's class is from."""
    return type(module).__module__.split(".")[0]


def describe_neuron(name: str, module: Any, shape: Tuple[int, ...]) -> Neuron:
    """`shape`: of the layer's neurons, [n], [channels, length] or [channels, height, width]."""
    reader = _reader_of(module)
    if reader is None:
        raise ExportError(name, "the neuron %s is not known here." % type(module).__name__, KNOWN)
    found = reader(name, module)
    return {key: _plain(key, value, name, shape) for key, value in found.items() if value is not None}


def is_neuron(module: Any) -> bool:
    return _reader_of(module) is not None


def array(value: Any) -> np.ndarray:
    """A number or tensor in float64."""
    return np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value, np.float64)


def channels_last(values: np.ndarray, axes: int) -> np.ndarray:
    """The last `axes` axes with the channels behind: images lie row by row with the channels innermost."""
    return np.moveaxis(values, -axes, -1) if axes > 1 else values


def _plain(key: str, value: Any, name: str, shape: Tuple[int, ...]) -> Any:
    if isinstance(value, (str, bool)):
        return value
    numbers = array(value)
    if numbers.size == 1:
        return float(numbers.reshape(()))
    try:
        each = np.broadcast_to(numbers, shape)
    except ValueError:
        raise ExportError(
            name, "%s has shape %s, which the neurons' %s does not take." % (key, numbers.shape, shape)
        ) from None
    return channels_last(each, len(shape)).ravel().tolist()


def _require(name: str, fits: bool, problem: str, hint: str = "") -> None:
    if not fits:
        raise ExportError(name, problem, hint)


def _snntorch_common(name: str, module: Any) -> Neuron:
    _require(name, not module.inhibition, "inhibition (only the largest neuron may fire) is not known here.")
    _require(name, not module.state_quant, "quantised states are not known here.")
    factor = getattr(module, "graded_spikes_factor", 1.0)
    _require(name, bool(np.all(array(factor) == 1)), "graded spikes are not known here: graded_spikes_factor is not 1.")
    return {"beta": np.clip(array(module.beta), 0, 1), "threshold": module.threshold, "fire": ">"}


def _snntorch_reset(name: str, module: Any, lost: bool) -> Neuron:
    """`lost`: a delayed reset to zero takes the next input with it."""
    kind = list(type(module).reset_dict)[int(module.reset_mechanism_val)]
    late = getattr(module, "reset_delay", True)
    if kind == "none":
        return {"reset": "sub", "resetBy": 0.0}
    if kind == "subtract":
        return {"reset": "delayed-sub" if late else "snntorch-nodelay-sub"}
    positive = bool(np.all(array(module.threshold) > 0))
    if late:
        return {"reset": "delayed-zero-lost" if lost else "delayed-zero"}
    _require(name, positive, "a reset to zero needs a threshold above 0.")
    return {"reset": "zero"}


def _leaky(name: str, module: Any) -> Neuron:
    return {**_snntorch_common(name, module), **_snntorch_reset(name, module, lost=False)}


def _rleaky(name: str, module: Any) -> Neuron:
    return {**_snntorch_common(name, module), **_snntorch_reset(name, module, lost=True)}


def _synaptic(name: str, module: Any) -> Neuron:
    alpha = np.clip(array(module.alpha), 0, 1)
    return {**_snntorch_common(name, module), "alpha": alpha, **_snntorch_reset(name, module, lost=True)}


def _spikingjelly(module: Any, beta: float, gain: float) -> Neuron:
    """v = v + (x - (v - v_reset)) / tau, or without decay_input v - (v - v_reset) / tau + x."""
    reset = module.v_reset
    own: Neuron = {"beta": beta, "threshold": module.v_threshold, "fire": ">="}
    if gain != 1:
        own["gain"] = gain
    if reset is None:
        return {**own, "reset": "sub"}
    at_rest = {"leak": reset} if beta != 1 and reset != 0 else {}
    return {**own, **at_rest, "v0": reset, "vReset": reset, "reset": "zero"}


def _if_node(name: str, module: Any) -> Neuron:
    return _spikingjelly(module, 1.0, 1.0)


def _lif_node(name: str, module: Any) -> Neuron:
    rate = 1.0 / float(module.tau)
    return _spikingjelly(module, 1.0 - rate, rate if module.decay_input else 1.0)


def _plif_node(name: str, module: Any) -> Neuron:
    rate = 1.0 / (1.0 + np.exp(-array(module.w)))
    _require(name, rate.size == 1, "w must be one number.")
    return _spikingjelly(module, 1.0 - float(rate), float(rate) if module.decay_input else 1.0)


def _euler(rate: Any, dt: float) -> np.ndarray:
    """dt / tau as float32 computes it."""
    return np.asarray(np.float32(dt) * np.asarray(array(rate), np.float32), np.float64)


def _norse_box(name: str, module: Any) -> Neuron:
    p, own = module.p, _euler(module.p.tau_mem_inv, module.dt)
    reset = getattr(p.reset_method, "__name__", "")
    _require(
        name,
        reset in ("reset_value", "reset_subtract"),
        "the reset %r is not known here." % (reset or p.reset_method),
        "reset_value and reset_subtract are.",
    )
    soft = {"reset": "sub"} if reset == "reset_subtract" else {"reset": "zero", "vReset": p.v_reset}
    return {**_norse_rest(p, own), **soft}


def _norse_rest(p: Any, own: np.ndarray) -> Neuron:
    return {"beta": 1 - own, "gain": own, "leak": p.v_leak, "v0": p.v_leak, "threshold": p.v_th, "fire": ">"}


def _norse_lif(name: str, module: Any) -> Neuron:
    p = module.p
    alpha = 1 - _euler(p.tau_syn_inv, module.dt)
    return {**_norse_rest(p, _euler(p.tau_mem_inv, module.dt)), "alpha": alpha, "reset": "zero", "vReset": p.v_reset}


def _norse_iaf(name: str, module: Any) -> Neuron:
    p = module.p
    return {"beta": 1.0, "threshold": p.v_th, "fire": ">", "v0": p.v_reset, "vReset": p.v_reset, "reset": "zero"}


def _sinabs(name: str, module: Any) -> Neuron:
    beta, current = array(module.alpha_mem_calculated), module.alpha_syn_calculated
    own: Neuron = {"beta": beta, "threshold": module.spike_threshold, "vMin": module.min_v_mem}
    if module.norm_input:
        own["gain"] = np.asarray(np.float32(1) - beta.astype(np.float32), np.float64)
    if current is not None:
        own.update(alpha=array(current), alphaFirst=True)
    return {**own, **_sinabs_spikes(name, module.spike_fn), **_sinabs_reset(name, module.reset_fn)}


def _sinabs_spikes(name: str, spikes: Any) -> Neuron:
    kind = getattr(spikes, "__name__", type(spikes).__name__)
    if kind == "SingleSpike":
        return {"fire": ">="}
    if kind == "MultiSpike":
        return {"fire": "floor"}
    _require(name, kind == "MaxSpike", "the spike_fn %s is not known here." % kind)
    limit = spikes.max_num_spikes_per_bin
    return {"fire": "floor", "maxSpikes": limit}


def _sinabs_reset(name: str, reset: Any) -> Neuron:
    kind = type(reset).__name__
    if kind == "MembraneSubtract":
        return {"reset": "sub", "resetBy": reset.subtract_value}
    _require(name, kind == "MembraneReset", "the reset_fn %s is not known here." % kind)
    _require(name, reset.reset_value == 0, "sinabs adds a reset_value other than 0 to neurons that did not fire, too.")
    return {"reset": "zero"}


Reader = Callable[[str, Any], Neuron]
READERS: Dict[Tuple[str, str], Reader] = {
    ("snntorch", "Leaky"): _leaky,
    ("snntorch", "RLeaky"): _rleaky,
    ("snntorch", "Synaptic"): _synaptic,
    ("spikingjelly", "IFNode"): _if_node,
    ("spikingjelly", "LIFNode"): _lif_node,
    ("spikingjelly", "ParametricLIFNode"): _plif_node,
    **{("norse", kind): _norse_box for kind in ("LIFBoxCell",)},
    **{("norse", kind): _norse_lif for kind in ("LIFCell", "LIF")},
    **{("norse", kind): _norse_iaf for kind in ("IAFCell", "IAF")},
    **{("sinabs", kind): _sinabs for kind in ("IAF", "IAFSqueeze", "LIF", "LIFSqueeze")},
}
KNOWN = "Known are %s." % ", ".join("%s.%s" % key for key in READERS)


def _reader_of(module: Any) -> Optional[Reader]:
    """Also of a class of one's own, if it changes nothing of how its framework's class computes."""
    for kind in type(module).__mro__:
        reader = READERS.get((kind.__module__.split(".")[0], kind.__name__))
        if reader is not None:
            return reader
        if any(callable(value) for name, value in vars(kind).items() if name not in ("__init__", "extra_repr")):
            return None
    return None
