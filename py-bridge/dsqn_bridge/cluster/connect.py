"""The way to a cluster: Ray's own connection, and words for what it says when there is none."""

import os
import socket

from dsqn_bridge.errors import BridgeError

_MINIMUM = (2, 60)


def connect(session, address, cpus):
    """Ray, connected to ``address`` (``HOST:PORT``; "auto": of this machine; None: one of this machine's own), and the cluster if it is ours.

    Token authentication unless RAY_AUTH_MODE says otherwise.
    """
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray's own start of a driver talks; whatever it prints goes to the worker's log.
    if address not in (None, "auto"):
        must_be_reachable(address)
    local = None
    if address is None:
        from dsqn_bridge.cluster.local import Local

        local = Local(cpus)
    elif os.environ["RAY_AUTH_MODE"] == "token":
        _must_have_token()
    ray = _import()
    try:
        if local:
            local.wait(session)
        where = local.address if local else address
        if where != "auto":
            _must_be_let_in(where)
        ray.init(
            address=where, log_to_driver=False, logging_level="ERROR", _node_ip_address="127.0.0.1" if local else None
        )
    except BridgeError:
        raise
    except Exception as problem:
        if local:
            local.close()
        raise _words(problem, address) from problem
    return ray, local


def must_be_reachable(address):
    """RAY_UNREACHABLE unless somebody listens there. Ray itself would try for a minute."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise BridgeError(
            "BAD_ARGUMENT", f'"{address}" is no address of a cluster.', "--on ray:HOST:PORT, such as ray:10.0.0.1:6379"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except OSError as problem:
        raise BridgeError(
            "RAY_UNREACHABLE",
            f"No Ray cluster answers at {address} ({problem}).",
            "Is its head up (ray start --head), and this the address that it printed?",
            address=address,
        ) from problem


def _must_have_token():
    path = os.environ.get("RAY_AUTH_TOKEN_PATH") or os.path.join(os.path.expanduser("~"), ".ray", "auth_token")
    if os.environ.get("RAY_AUTH_TOKEN") or os.path.exists(path):
        return
    raise BridgeError(
        "CLUSTER_TOKEN",
        f"The cluster wants a token, and there is none (RAY_AUTH_TOKEN_PATH, {path}).",
        "Copy the token of the head node there (mode 0600), or set RAY_AUTH_TOKEN_PATH.",
    )


def _import():
    try:
        import ray
    except ModuleNotFoundError as problem:
        raise BridgeError(
            "PYTHON_PACKAGES_MISSING",
            "Ray is not installed.",
            "npm run setup -- --extras ray (or pip install ray==2.60.0 in your own)",
        ) from problem
    if tuple(int(part) for part in ray.__version__.split(".")[:2]) < _MINIMUM:
        raise BridgeError(
            "RAY_VERSION",
            f"This is Ray {ray.__version__}; 2.60 or newer is wanted (for its token).",
            "pip install ray==2.60.0",
        )
    return ray


def _must_be_let_in(address):
    """Asks the head for its cluster, which tells a wrong token from everything else."""
    from ray._raylet import GcsClient

    try:
        GcsClient(address=address)
    except Exception as problem:
        raise _words(problem, address) from problem


def _words(problem, address):
    text = str(problem)
    chain = []
    cause = problem
    while cause is not None:
        chain.append(f"{type(cause).__name__} {cause}")
        cause = cause.__cause__ or cause.__context__
    whole = " ".join(chain)
    if "InvalidAuthToken" in whole or "AuthenticationError" in whole or "Unauthenticated" in whole:
        return BridgeError(
            "CLUSTER_TOKEN",
            f"The cluster at {address} refuses the token.",
            "Copy the token of its head node: ~/.ray/auth_token, or RAY_AUTH_TOKEN_PATH.",
        )
    if "Version mismatch" in whole:
        return BridgeError(
            "RAY_VERSION",
            f"The cluster at {address} has other versions: {text}",
            "Install the same Ray and the same Python everywhere.",
        )
    return BridgeError(
        "RAY_UNREACHABLE",
        f"No connection to the Ray cluster at {address}: {type(problem).__name__}: {text}",
        "This machine has to be a node of the cluster (ray start --address=...), and may need more time when it is busy.",
    )
