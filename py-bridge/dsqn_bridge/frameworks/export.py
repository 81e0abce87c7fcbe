"""One call writes a spiking network of PyTorch to a file: weights, neurons, inputs, and the spikes of every layer of neurons."""

from __future__ import annotations

import json
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import numpy as np

from .assemble import Part, assemble, same_values
from .errors import ExportError
from .modules import Piece, adaptive_pool, piece_of
from .neurons import channels_last, describe_neuron
from .recording import Recorded, framework_of_known, record

LAYOUT = (
    "weights in torch's layouts, state_dict's dots as underscores; x [states, ...], or where input is changing [steps, states, ...]; "
    "spikes{l} and potentials{l} (after the step) [steps, states, neurons], images row by row with the channels innermost"
)
ENTRY = "network.json"


def export_torch(
    module: Any,
    inputs: Any,
    path: Union[str, Path],
    steps: Optional[int] = None,
    run: Optional[Callable[[Any, Any], Any]] = None,
    name: Optional[str] = None,
) -> Dict[str, Any]:
    """Runs `module` from rest, and writes what it is and what it did; returns the description.

    inputs: a tensor [states, ...] that is the same in each of `steps` steps, or without `steps` [steps, states, ...].
    path: NAME.npz, with the description inside, or NAME.json, with NAME.npz beside it.
    run(module, given): for a module that is run in a way of its own; given.sequence is [steps, states, ...], given.whole the inputs.

    What the parts compute is compared with what they are taken for: a module that is not known, or something between two modules that
    is none, is an ExportError that names it.
    """
    path = Path(path)
    if path.suffix not in (".npz", ".json"):
        raise ExportError("", "%s: the file's name must end with .npz or .json." % path)
    changing = steps is None
    count = int(inputs.shape[0]) if changing else int(steps or 0)
    if count < 1 or inputs.dim() < (3 if changing else 2):
        raise ExportError(
            "",
            "inputs of shape %s%s." % (tuple(inputs.shape), "" if changing else " for %d steps" % count),
            "Give [states, ...] and steps=T, or [steps, states, ...].",
        )
    states = int(inputs.shape[1] if changing else inputs.shape[0])
    recorded = record(module, inputs, count, changing, run)
    neurons = [part for part in recorded if part.neuron]
    framework = framework_of_known(neurons[0].module)
    spikes = {"spikes%d" % k: _whole(each.name, _steps(each, count, states)) for k, each in enumerate(neurons)}
    potentials = {
        "potentials%d" % k: channels_last(values, values.ndim - 2).reshape(count, states, -1)
        for k, each in enumerate(neurons)
        for values in [_by_step(each, each.potentials, count, states)]
        if values is not None
    }
    _check_chain(recorded, inputs, count, changing, framework)
    described = assemble(_parts(recorded, count, states))
    for part in recorded:
        _check_weights(part)
    description = {
        "name": name or path.stem,
        "framework": framework,
        "versions": _versions(framework),
        "steps": count,
        "input": "changing" if changing else "constant",
        "layout": LAYOUT,
        "neuron": "see layers",
        "layers": described.layers,
        "note": "written by dsqn_bridge.export_torch",
    }
    x = inputs.detach().cpu().numpy().astype(np.float32)
    _write(path, description, {**described.arrays, "x": x, **spikes, **potentials})
    return description


def _steps(part: Recorded, steps: int, states: int) -> np.ndarray:
    found = _by_step(part, part.outputs, steps, states)
    if found is None:
        shapes = sorted({each.shape for each in part.outputs})
        raise ExportError(
            part.name,
            "it was called %d times with shapes %s: not %d steps of %d states."
            % (len(part.outputs), shapes, steps, states),
            "Say how the module is run: run=lambda module, given: ...",
        )
    return found


def _by_step(part: Recorded, values: List[np.ndarray], steps: int, states: int) -> Optional[np.ndarray]:
    """[steps, states, ...neurons]; None where that is not what was recorded."""
    if len(values) == steps and values[0].shape[:1] == (states,):
        return np.stack(values)
    if len(values) != 1:
        return None
    (all_at_once,) = values
    shape = all_at_once.shape
    if framework_of_known(part.module) == "sinabs":
        if shape[:2] == (states, steps):
            return np.moveaxis(all_at_once, 0, 1)
        if shape[0] == states * steps:
            return np.moveaxis(all_at_once.reshape(states, steps, *shape[1:]), 0, 1)
        return None
    return all_at_once if shape[:2] == (steps, states) else None


def _whole(name: str, values: np.ndarray) -> np.ndarray:
    """[steps, states, neurons] of whole numbers."""
    last = channels_last(values, values.ndim - 2).reshape(*values.shape[:2], -1)
    counts = np.rint(last)
    if not np.array_equal(counts, last) or (counts < 0).any():
        raise ExportError(
            name, "it puts out values that are no numbers of spikes, such as %r." % float(last.ravel()[0])
        )
    return counts.astype(np.uint8 if counts.max(initial=0) < 256 else np.uint32)


def _check_chain(recorded: List[Recorded], inputs: Any, steps: int, changing: bool, framework: str) -> None:
    x = inputs.detach().cpu().numpy()
    if framework == "sinabs":
        x = np.moveaxis(x if changing else np.broadcast_to(x, (steps, *x.shape)), 0, 1)
    before, given = "", x.ravel()
    for part in recorded:
        taken = part.flat("inputs")
        # What is the same in every step may be computed once, and used in all of them.
        if not changing and given.size * steps == taken.size:
            given = np.tile(given, steps)
        same_values((before, given), (part.name, taken))
        before, given = part.name, part.flat("outputs")


def _parts(recorded: List[Recorded], steps: int, states: int) -> List[Part]:
    parts: List[Part] = []
    sent: Optional[Dict[str, Any]] = None
    for each in recorded:
        part = _part(each, steps, states, sent)
        parts.append(part)
        if part.piece is None or part.piece.kind != "pass":
            sent = part.neuron
    return parts


def _part(part: Recorded, steps: int, states: int, sent: Optional[Dict[str, Any]]) -> Part:
    """`sent`: the neuron whose spikes come in; None where it is anything else."""
    name, module = part.name, part.module
    if part.neuron:
        shape = _steps(part, steps, states).shape[2:]
        return Part(name, neuron=describe_neuron(name, module, shape), recurrent=_recurrent(name, module, shape))
    # A ReLU changes no spikes. What changes none of these values (a Hardtanh of small ones) may change others.
    single = sent is not None and (sent.get("fire") != "floor" or type(module).__name__ == "ReLU")
    if single and np.array_equal(part.flat("inputs"), part.flat("outputs")) and not list(module.parameters()):
        return Part(name, Piece("pass"))
    piece = piece_of(name, module)
    if piece.kind == "unknown":
        axes = [one[0].shape[-3 if one[0].ndim > 3 else -2 :] for one in (part.inputs, part.outputs)]
        piece = adaptive_pool(name, module, axes[0], axes[1]) or piece
    if piece.kind == "unknown":
        kind = "%s.%s" % (type(module).__module__, type(module).__name__)
        raise ExportError(name, "the module %s is not known here." % kind, "docs/frameworks.md lists what is.")
    return Part(name, piece)


def _recurrent(name: str, module: Any, shape: Tuple[int, ...]) -> Optional[Dict[str, np.ndarray]]:
    inner = getattr(module, "recurrent", None)
    if inner is None:
        return None
    if len(shape) != 1:
        raise ExportError(name, "recurrence over images is not known here.")
    if type(inner).__name__ == "RecurrentOneToOne":
        v = np.asarray(inner.V.detach().cpu().numpy(), np.float32)
        return {"weight": np.diag(np.broadcast_to(v, shape)).astype(np.float32)}
    piece = piece_of(name, inner)
    if piece.kind != "linear":
        raise ExportError(name, "recurrence through %s is not known here." % type(inner).__name__)
    return piece.arrays


def _check_weights(part: Recorded) -> None:
    """A class of one's own may compute something else with torch's weights."""
    import torch

    for parameter in part.module.parameters():
        if parameter.dtype != torch.float32:
            dtype = str(parameter.dtype).replace("torch.", "")
            raise ExportError(
                part.name, "its parameters are %s, and the file has float32." % dtype, "Export net.float()."
            )
    piece = None if part.neuron else piece_of(part.name, part.module)
    if piece is None or piece.kind not in ("linear", "conv1d", "conv2d"):
        return
    weight = torch.from_numpy(piece.arrays["weight"])
    bias = torch.from_numpy(piece.arrays["bias"]) if "bias" in piece.arrays else None
    x = torch.from_numpy(part.inputs[0]).float()
    if piece.kind == "linear":
        expected = torch.nn.functional.linear(x, weight, bias)
    else:
        axes = int(piece.kind[4])
        flat = x.reshape(-1, *x.shape[-1 - axes :])
        function = torch.nn.functional.conv1d if axes == 1 else torch.nn.functional.conv2d
        expected = function(flat, weight, bias, _tuple(piece.fields["stride"]), _tuple(piece.fields["padding"]))
    found = torch.from_numpy(part.outputs[0]).reshape(expected.shape)
    if not torch.allclose(found, expected, rtol=1e-4, atol=1e-5):
        raise ExportError(part.name, "it does not compute what torch's %s computes with its weights." % piece.kind)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _versions(framework: str) -> Dict[str, str]:
    found = {}
    for package in ("torch", "numpy", framework):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _write(path: Path, description: Dict[str, Any], arrays: Dict[str, np.ndarray]) -> None:
    """First under another name: nothing half written is left where it fails."""
    text = json.dumps(description, indent=1)
    npz = path.with_suffix(".npz")
    partial = npz.with_suffix(".npz.partial")
    try:
        with open(partial, "wb") as file:
            np.savez_compressed(file, **arrays)
        if path.suffix == ".npz":
            with zipfile.ZipFile(partial, "a", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(ENTRY, text)
        else:
            path.write_text(text)
        partial.replace(npz)
    finally:
        if partial.exists():
            partial.unlink()
