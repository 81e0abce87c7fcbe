"""Runs a module for so many steps, and keeps what goes into and comes out of every part of it, in the order in which they were called."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, List, Optional

import numpy as np

from .errors import ExportError
from .modules import is_container
from .neurons import framework_of, is_neuron


class Recorded:
    """What one part of the network did, call by call."""

    def __init__(self, name: str, module: Any):
        self.name, self.module = name, module
        self.neuron = is_neuron(module)
        self.inputs: List[np.ndarray] = []
        self.outputs: List[np.ndarray] = []
        self.potentials: List[np.ndarray] = []

    def keep(self, given: Any, result: Any) -> None:
        spikes = result[0] if isinstance(result, (tuple, list)) else result
        self.inputs.append(_copy(given[0]))
        self.outputs.append(_copy(spikes))
        potential = _potential(self.module, result) if self.neuron else None
        if potential is not None and potential.shape == self.outputs[-1].shape:
            self.potentials.append(potential)

    def flat(self, which: str) -> np.ndarray:
        """All of its inputs or outputs, one after the other."""
        return np.concatenate([each.ravel() for each in getattr(self, which)])


def record(
    module: Any, inputs: Any, steps: int, changing: bool, run: Optional[Callable[[Any, Any], Any]]
) -> List[Recorded]:
    """In the order of their first call. The module is left as it was found, its neurons at rest."""
    import torch

    parts = {name: Recorded(name, part) for name, part in _parts(module)}
    order: Dict[str, Recorded] = {}
    handles = [part.module.register_forward_hook(_hook(part, order)) for part in parts.values()]
    modes = {name: part.training for name, part in module.named_modules()}
    try:
        module.eval()
        neurons = [part.module for part in parts.values() if part.neuron]
        if not neurons:
            raise ExportError("", "no neuron of a known framework is in %s." % type(module).__name__)
        rest(neurons)
        with torch.no_grad():
            (run or _runner(module, neurons))(module, Given(inputs, steps, changing))
        rest(neurons)
    finally:
        for handle in handles:
            handle.remove()
        for name, part in module.named_modules():
            part.training = modes[name]
    return list(order.values())


class Given:
    """The inputs as a run wants them: `sequence` [steps, states, ...], or what came in, `whole`."""

    def __init__(self, whole: Any, steps: int, changing: bool):
        self.whole, self.steps = whole, steps
        self.sequence = whole if changing else whole.unsqueeze(0).expand(steps, *whole.shape)


def rest(neurons: List[Any]) -> None:
    """No neuron remembers anything of a run before."""
    for module in neurons:
        for method in ("reset_mem", "reset_states", "reset"):
            if callable(getattr(module, method, None)):
                getattr(module, method)()
                break


def _parts(module: Any, name: str = "") -> List[Any]:
    """The parts that are looked at as wholes: neurons with all that they hold, and whatever holds nothing."""
    if not is_container(module) and (name or is_neuron(module)):
        return [(name, module)]
    found: List[Any] = []
    for child, part in module.named_children():
        found += _parts(part, "%s.%s" % (name, child) if name else child)
    return found


def _hook(part: Recorded, order: Dict[str, Recorded]) -> Callable:
    def hook(_module: Any, given: Any, result: Any) -> None:
        order.setdefault(part.name, part)
        part.keep(given, result)

    return hook


def _copy(value: Any) -> np.ndarray:
    return value.detach().cpu().numpy().copy()


def _potential(module: Any, result: Any) -> Optional[np.ndarray]:
    """After the step, where the framework says."""
    states = result[1:] if isinstance(result, tuple) else ()
    last = states[-1] if states else None
    for value in (getattr(last, "v", None), last, getattr(module, "mem", None), getattr(module, "v", None)):
        if hasattr(value, "detach"):
            return _copy(value)
    recordings = getattr(module, "recordings", None) or {}
    return _copy(recordings["v_mem"]) if "v_mem" in recordings else None


def _runner(module: Any, neurons: List[Any]) -> Callable[[Any, Given], Any]:
    framework = framework_of_known(neurons[0])
    others = {framework_of_known(neuron) for neuron in neurons} - {framework}
    if others:
        raise ExportError(
            "",
            "it has neurons of %s and of %s." % (framework, ", ".join(sorted(others))),
            "Export networks of one framework.",
        )
    if framework == "spikingjelly":
        return _whole if any(neuron.step_mode == "m" for neuron in neurons) else _step_by_step
    if framework == "norse":
        steps = all(type(neuron).__name__.endswith("Cell") for neuron in neurons) and _takes_state(module)
        lifted = any(type(part).__name__ == "Lift" for part in module.modules())
        return _with_state if steps and not lifted else _whole if _takes_state(module) else _as_given
    if framework == "sinabs":
        return _batch_first
    return _step_by_step if all(neuron.init_hidden for neuron in neurons) else _as_given


def framework_of_known(neuron: Any) -> str:
    """Of a class of one's own, too."""
    known = ("snntorch", "spikingjelly", "norse", "sinabs")
    return next(
        (kind.__module__.split(".")[0] for kind in type(neuron).__mro__ if kind.__module__.split(".")[0] in known),
        framework_of(neuron),
    )


def _takes_state(module: Any) -> bool:
    return "state" in inspect.signature(module.forward).parameters


def _step_by_step(module: Any, given: Given) -> None:
    for x in given.sequence:
        module(x)


def _with_state(module: Any, given: Given) -> None:
    state = None
    for x in given.sequence:
        _, state = module(x, state)


def _whole(module: Any, given: Given) -> None:
    module(given.sequence)


def _as_given(module: Any, given: Given) -> None:
    module(given.whole)


def _batch_first(module: Any, given: Given) -> None:
    x = given.sequence.transpose(0, 1)
    squeezed = any(type(part).__name__.endswith("Squeeze") for part in module.modules())
    module(x.reshape(-1, *x.shape[2:]) if squeezed else x)
