"""A strict stand-in for PyNEST 2.20: its documented calls and nothing else, with NEST 3 underneath so that results are real.

Nodes are tuples of ints; whatever 2.x does not know, or would refuse, is an error here. Source: pynest/nest/lib of NEST v2.20.2.
"""

import nest as nest3
import numpy as np

MODELS = {
    "iaf_psc_delta",
    "iaf_psc_exp",
    "gif_psc_exp",
    "pp_psc_delta",
    "spike_generator",
    "spike_detector",
    "multimeter",
    "dc_generator",
}
KERNEL = {"resolution", "local_num_threads", "print_time", "grng_seed", "rng_seeds", "network_size"}


class NESTError(Exception):
    pass


class NEST2:
    def __init__(self):
        self._verbosity = 10
        self._seeds = {"grng_seed": 0, "rng_seeds": (1,)}

    def version(self):
        return "NEST nest-2.20.2"

    def get_verbosity(self):
        return self._verbosity

    def set_verbosity(self, level):
        if not isinstance(level, int) and level not in ("M_ERROR", "M_WARNING", "M_INFO", "M_FATAL", "M_QUIET"):
            raise NESTError("UndefinedName %s" % level)
        self._verbosity = level

    def ResetKernel(self):
        nest3.ResetKernel()

    def GetKernelStatus(self, keys):
        if keys not in KERNEL:
            raise NESTError("UndefinedName %s" % keys)
        if keys == "network_size":
            return nest3.network_size + 1  # the root subnet
        return self._seeds[keys] if keys in self._seeds else getattr(nest3, keys)

    def SetKernelStatus(self, params):
        for key, value in params.items():
            if key not in KERNEL - {"network_size"}:
                raise NESTError("UnaccessedDictionaryEntry %s" % key)
            if key in self._seeds:
                self._seeds[key] = value
            else:
                setattr(nest3, key, value)

    def Create(self, model, n=1, params=None):
        if model not in MODELS:
            raise NESTError("UnknownModelName %s" % model)
        nodes = nest3.Create({"spike_detector": "spike_recorder"}.get(model, model), n)
        ids = tuple(nodes.tolist())
        if params is not None:
            self.SetStatus(ids, [params] * n if isinstance(params, dict) else params)
        return ids

    def SetStatus(self, nodes, params):
        nodes = self._nodes(nodes)
        each = [params] * len(nodes) if isinstance(params, dict) else params
        if len(each) != len(nodes):
            raise TypeError("status dict must be a dict, or list of dicts of length 1 or len(nodes)")
        for node, own in zip(nodes, each):
            for key, value in own.items():
                if isinstance(value, (bool, np.bool_)) and key not in ("with_reset", "dead_time_random"):
                    raise NESTError("TypeMismatch %s" % key)
                if key in ("q_sfa", "tau_sfa") and not isinstance(value, (list, tuple, np.ndarray)):
                    raise NESTError("q_sfa and tau_sfa are arrays")
            nest3.NodeCollection([node]).set(own)

    def GetStatus(self, nodes, keys=None):
        if not isinstance(keys, str):
            raise TypeError("the stand-in reads one key at a time")
        values = []
        for node in self._nodes(nodes):
            value = nest3.NodeCollection([node]).get(keys)
            values.append(value)
        return tuple(values)

    def Connect(self, pre, post, conn_spec=None, syn_spec=None, model=None):
        if not isinstance(pre, (list, tuple)) or not isinstance(post, (list, tuple)):
            raise TypeError("pre and post are lists of GIDs")
        if syn_spec is None and conn_spec in (None, "all_to_all"):
            nest3.Connect(nest3.NodeCollection(sorted(pre)), nest3.NodeCollection(sorted(post)))
            return
        if conn_spec != "one_to_one" or set(syn_spec) - {"model", "weight", "delay", "receptor_type"}:
            raise NESTError("BadProperty")
        if len(syn_spec["weight"]) != len(pre) or len(pre) != len(post):
            raise NESTError("'weight' has to be an array of dimension %d" % len(pre))
        delay = syn_spec["delay"]
        if not isinstance(delay, float):
            raise NESTError("TypeMismatch delay")
        synapse = {"weight": np.asarray(syn_spec["weight"], float), "delay": np.full(len(pre), delay)}
        nest3.Connect(np.asarray(pre), np.asarray(post), "one_to_one", synapse)

    def Simulate(self, t):
        nest3.Simulate(float(t))

    @staticmethod
    def _nodes(nodes):
        if not isinstance(nodes, (list, tuple)) or not all(type(node) is int for node in nodes):
            raise TypeError("nodes must be a list of nodes or synapses")
        return nodes
