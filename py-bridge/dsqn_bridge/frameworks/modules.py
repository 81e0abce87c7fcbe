"""What a module of PyTorch is to a spiking network: synapses, a normalisation, pooling, nothing at all, or something unknown."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional, Tuple, Union

import numpy as np

from .errors import ExportError
from .neurons import array, framework_of, is_neuron

# Containers of the frameworks: what they hold is looked at, not they themselves.
CONTAINERS = ("Sequential", "SequentialState", "Lift", "Network", "RegisterForwardHooks")
OWNERS = ("torch.", "sinabs.", "spikingjelly.")
PASSING = ("Identity", "Dropout", "Dropout1d", "Dropout2d", "Flatten", "Unflatten", "FlattenTime", "UnflattenTime")


class Piece(NamedTuple):
    """`kind`: linear, conv1d, conv2d, norm, pool, pass, or unknown. `fields` as the JSON has them; `arrays` by the endings of their names."""

    kind: str
    fields: Dict[str, Any] = {}
    arrays: Dict[str, np.ndarray] = {}


def piece_of(name: str, module: Any) -> Piece:
    """By the names of torch's classes among the module's own, so that layers of the frameworks that only add a time axis count too."""
    kinds = [kind.__name__ for kind in type(module).__mro__ if kind.__module__.startswith(OWNERS)]
    if any(kind in PASSING for kind in kinds):
        return Piece("pass")
    for reader, of in READERS:
        if any(kind in of for kind in kinds):
            return reader(name, module)
    return Piece("unknown")


def is_container(module: Any) -> bool:
    """Whether it only holds others: a Sequential, or somebody's own network."""
    if is_neuron(module) or not any(True for _ in module.children()):
        return False
    framework = framework_of(module)
    known = framework not in ("snntorch", "norse", "sinabs", "spikingjelly") or ".layer." in type(module).__module__
    return known or type(module).__name__ in CONTAINERS


def _weights(module: Any) -> Dict[str, np.ndarray]:
    arrays = {"weight": array(module.weight).astype(np.float32)}
    if module.bias is not None:
        arrays["bias"] = array(module.bias).astype(np.float32)
    return arrays


def _linear(name: str, module: Any) -> Piece:
    return Piece("linear", {}, _weights(module))


def _convolution(name: str, module: Any) -> Piece:
    if module.padding_mode != "zeros":
        raise ExportError(name, "padding_mode %r is not known here." % module.padding_mode, "Pad with zeros.")
    arrays = _weights(module)
    kernel = _spread(_ungrouped(arrays["weight"], module.groups), module.dilation)
    arrays["weight"] = kernel
    padding = module.padding
    if padding == "valid":
        padding = (0,) * len(module.kernel_size)
    elif padding == "same":
        if any(size % 2 == 0 for size in kernel.shape[2:]):
            raise ExportError(name, 'padding "same" of an even kernel pads one side more than the other.')
        padding = tuple(size // 2 for size in kernel.shape[2:])
    fields = {"stride": _short(module.stride), "padding": _short(padding)}
    return Piece("conv%dd" % len(module.kernel_size), fields, arrays)


def _ungrouped(weight: np.ndarray, groups: int) -> np.ndarray:
    """The same convolution without groups: zeros where none led."""
    if groups == 1:
        return weight
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    whole = np.zeros((weight.shape[0], inputs * groups, *weight.shape[2:]), np.float32)
    for group in range(groups):
        own = slice(group * outputs, (group + 1) * outputs)
        whole[own, group * inputs : (group + 1) * inputs] = weight[own]
    return whole


def _spread(weight: np.ndarray, dilation: Tuple[int, ...]) -> np.ndarray:
    """The same convolution without dilation: zeros in between."""
    sizes = [(size - 1) * step + 1 for size, step in zip(weight.shape[2:], dilation)]
    whole = np.zeros((*weight.shape[:2], *sizes), np.float32)
    whole[(slice(None), slice(None), *(slice(None, None, step) for step in dilation))] = weight
    return whole


def _norm(name: str, module: Any) -> Piece:
    if module.running_mean is None:
        raise ExportError(name, "it keeps no running statistics, so that what it does depends on the batch.")
    mean, variance = (array(value).astype(np.float32) for value in (module.running_mean, module.running_var))
    weight = np.ones_like(mean) if module.weight is None else array(module.weight).astype(np.float32)
    bias = np.zeros_like(mean) if module.bias is None else array(module.bias).astype(np.float32)
    arrays = {"weight": weight, "bias": bias, "running_mean": mean, "running_var": variance}
    return Piece("norm", {"eps": float(module.eps)}, arrays)


def _pool(name: str, module: Any) -> Piece:
    kinds = {kind.__name__ for kind in type(module).__mro__}
    size, padding = module.kernel_size, getattr(module, "padding", 0)
    stride = size if module.stride is None else module.stride
    kind = "max" if any(of.startswith("Max") for of in kinds) else "avg"
    if any(of.startswith("LPPool") for of in kinds):
        if module.norm_type != 1:
            raise ExportError(name, "LPPool of norm %s is no sum." % module.norm_type)
        kind = "sum"
    if kind == "max" and _pair(module.dilation) != (1, 1):
        raise ExportError(name, "dilated pooling is not known here.")
    if getattr(module, "return_indices", False):
        raise ExportError(name, "pooling that returns indices is not known here.")
    if kind == "avg" and _pair(padding) != (0, 0) and module.count_include_pad:
        raise ExportError(
            name, "it counts the zeros of its padding (count_include_pad).", "Set count_include_pad=False."
        )
    if getattr(module, "divisor_override", None):
        raise ExportError(name, "divisor_override is not known here.")
    if getattr(module, "ceil_mode", False):
        raise ExportError(name, "ceil_mode is not known here.", "Set ceil_mode=False.")
    fields: Dict[str, Any] = {"pooling": kind, "size": _short(size)}
    if _pair(stride) != _pair(size):
        fields["poolStride"] = _short(stride)
    if _pair(padding) != (0, 0):
        fields["poolPadding"] = _short(padding)
    return Piece("pool", fields)


def _pair(value: Union[int, Tuple[int, ...]]) -> Tuple[int, ...]:
    return (value, value) if isinstance(value, int) else tuple(value) * (2 if len(value) == 1 else 1)


def _short(value: Union[int, Tuple[int, ...]]) -> Any:
    """One number where all are the same."""
    values = [value] if isinstance(value, int) else [int(one) for one in value]
    return values[0] if all(one == values[0] for one in values) else values


READERS = (
    (_linear, ("Linear",)),
    (_convolution, ("Conv1d", "Conv2d")),
    (_norm, ("BatchNorm1d", "BatchNorm2d")),
    (_pool, ("AvgPool1d", "AvgPool2d", "MaxPool1d", "MaxPool2d", "LPPool1d", "LPPool2d")),
)


def adaptive_pool(name: str, module: Any, inputs: Tuple[int, ...], outputs: Tuple[int, ...]) -> Optional[Piece]:
    """AdaptiveAvgPool and AdaptiveMaxPool where each window has the same size; `inputs`, `outputs`: [channels, ...]."""
    kind = type(module).__name__
    if not kind.startswith("Adaptive"):
        return None
    sizes = [size // into for size, into in zip(inputs[1:], outputs[1:])]
    if any(size % into for size, into in zip(inputs[1:], outputs[1:])):
        raise ExportError(name, "its windows differ in size.")
    return Piece("pool", {"pooling": "max" if "Max" in kind else "avg", "size": _short(tuple(sizes))})
