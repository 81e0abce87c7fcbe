"""One environment from its id, with errors that name what to do."""

import difflib
import re
import sys

import gymnasium

from dsqn_bridge.envs import minatar
from dsqn_bridge.envs.wrappers import wrap
from dsqn_bridge.errors import BridgeError

_UNKNOWN = (
    gymnasium.error.NameNotFound,
    gymnasium.error.NamespaceNotFound,
    gymnasium.error.VersionNotFound,
    gymnasium.error.UnregisteredEnv,
    gymnasium.error.DeprecatedEnv,
)


def make(id, kwargs, max_steps, render_mode, wrappers):
    """A Gymnasium environment; ``max_steps``: None as registered, -1 unlimited. OrderEnforcing and TimeLimit stay as in ``make``."""
    # The passive checker looks at the first steps only and slows down all: the conformance suite does its work.
    options = dict(kwargs, disable_env_checker=True)
    if render_mode is not None:
        options["render_mode"] = render_mode
    if max_steps is not None:
        options["max_episode_steps"] = max_steps
    with explained(id):
        minatar.register(id)
        env = gymnasium.make(id, **options)
        return wrap(minatar.FromItsSeed(env) if id.startswith(minatar.PREFIX) else env, wrappers)


#: What constructors raise that do not like their arguments; anything else is a failure.
_REFUSING = (TypeError, ValueError, AssertionError, LookupError, AttributeError, OSError, gymnasium.error.Error)


class explained:
    """Turns what Gymnasium raises while it makes ``id`` into errors with a code."""

    def __init__(self, id):
        self._id = id

    def __enter__(self):
        return self

    def __exit__(self, _kind, problem, _traceback):
        id = self._id
        if problem is None or isinstance(problem, BridgeError) or not isinstance(problem, Exception):
            return False
        malformed = type(problem) is gymnasium.error.Error
        if malformed or isinstance(problem, _UNKNOWN):
            raise BridgeError(
                "ENV_UNKNOWN", f'Gymnasium knows no environment "{id}".', _suggest(id), id=id
            ) from problem
        if ":" in id and id.split(":")[0] not in sys.modules and not _absent(problem, id):
            raise _broken(id, problem) from problem
        if isinstance(problem, ModuleNotFoundError) and _absent(problem, id):
            hint = (
                "The part before the colon names a Python module. Say in which folder it lies: --path FOLDER on the command "
                "line (or PYTHONPATH=FOLDER before it), `path` in a program; or install it. The current folder is not looked in."
            )
            raise BridgeError(
                "ENV_UNKNOWN", f'The module of "{id}" cannot be imported: {problem}.', hint, id=id
            ) from problem
        if isinstance(problem, (gymnasium.error.DependencyNotInstalled, ModuleNotFoundError)):
            raise dependency_missing(id, problem) from problem
        if not isinstance(problem, _REFUSING):
            message = f'"{id}" failed while it was made: {type(problem).__name__}: {problem}'
            raise BridgeError("ENV_FAILED", message, "The cause has the traceback.", id=id) from problem
        message = f'"{id}" refuses these options: {type(problem).__name__}: {problem}'
        raise BridgeError(
            "ENV_OPTIONS_INVALID", message, "kwargs and renderMode must be ones that it takes.", id=id
        ) from problem


def _absent(problem, id):
    """Whether the module of ``id`` is not there at all, rather than something that it imports."""
    module = id.split(":")[0]
    missing = re.search(r"No module named '([^']+)'", str(problem))
    return ":" in id and missing and (module == missing[1] or module.startswith(f"{missing[1]}."))


def _broken(id, problem):
    """The error for a module that fails while it is imported."""
    cause = problem.__cause__ or problem.__context__ or problem
    reason = f"{type(cause).__name__}: {str(cause).split('. Environment registration')[0]}"
    hint = "The cause has the traceback."
    if re.search(r"No module named 'gym'", reason):
        hint = "gym is Gymnasium now: `import gymnasium as gym`. reset() and step() return more than they did."
    elif isinstance(problem, ModuleNotFoundError):
        hint = "Install what it imports into the interpreter that dsqn uses (docs/setup.md: DSQN_PYTHON)."
    message = f'The module of "{id}" failed while it was imported: {reason}.'
    return BridgeError("ENV_FAILED", message, hint, id=id)


def dependency_missing(id, problem):
    """The error for an environment whose package is not installed."""
    hint = (
        'Open the worker with the extra that has it (such as extras: ["atari"]), or install it into your interpreter.'
    )
    return BridgeError("ENV_DEPENDENCY_MISSING", f'"{id}" needs a package: {problem}', hint, id=id)


def _suggest(id):
    known = list(gymnasium.registry)
    near = difflib.get_close_matches(id, known, 3, 0.6)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return 'A module of your own that registers it is named before a colon: "my_module:MyEnv-v0".'
