"""Which module serves which area of methods: "env.step" is the function ``step`` of the module registered for "env".

A method is ``def name(session, params, arrays) -> (result, arrays)``: a plain function that can be called in a Python
prompt. "package.module:function" names one of the user's own.
"""

import importlib

from dsqn_bridge.errors import BridgeError

AREAS = {
    "core": "dsqn_bridge.core_methods",
    "atari": "dsqn_bridge.envs.atari",
    "cluster": "dsqn_bridge.cluster.methods",
    "env": "dsqn_bridge.envs.methods",
    "nest": "dsqn_bridge.simulators.nest_methods",
    "pynn": "dsqn_bridge.simulators.pynn_methods",
    "spinnaker": "dsqn_bridge.simulators.spinnaker_methods",
}

_resolved = {}


def resolve(method):
    """The function of that name; METHOD_UNKNOWN where there is none, PYTHON_MODULE_MISSING where its package is not installed."""
    found = _resolved.get(method)
    if found is None:
        found = _resolved[method] = _find(method)
    return found


def _find(method):
    module, name = method.split(":", 1) if ":" in method else (None, None)
    if module is None:
        area, _, name = method.partition(".")
        module = AREAS.get(area)
        if module is None:
            raise BridgeError(
                "METHOD_UNKNOWN", f'There is no area "{area}" (method "{method}").', f"Areas: {', '.join(AREAS)}."
            )
    try:
        function = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as problem:
        if problem.name is None or not (module == problem.name or module.startswith(problem.name + ".")):
            raise
        raise BridgeError("METHOD_UNKNOWN", f'The module "{module}" (method "{method}") does not exist.') from problem
    if name.startswith("_") or not callable(function):
        raise BridgeError("METHOD_UNKNOWN", f'The module "{module}" has no method "{name}".')
    return function
