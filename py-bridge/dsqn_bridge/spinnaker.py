"""A PyNN cell type for any sPyNNaker script: integrate-and-fire with a reset by subtraction.

    import pyNN.spiNNaker as sim
    from dsqn_bridge.spinnaker import IFCurrDeltaSoft

    sim.setup(timestep=1.0)
    neurons = sim.Population(10, IFCurrDeltaSoft(tau_m=512.0, cm=1.0, v_rest=0.0, v_thresh=1.0, i_offset=0.3))

How it comes about: simulators/spinnaker_soft.py. Importing it needs sPyNNaker.
"""

from __future__ import annotations

from typing import Any

from spynnaker.pyNN.models.defaults import default_initial_values
from spynnaker.pyNN.models.neuron import AbstractPyNNNeuronModelStandard
from spynnaker.pyNN.models.neuron.input_types import InputTypeDelta
from spynnaker.pyNN.models.neuron.neuron_models import NeuronModelLeakyIntegrateAndFire
from spynnaker.pyNN.models.neuron.synapse_types import SynapseTypeDelta
from spynnaker.pyNN.models.neuron.threshold_types import ThresholdTypeStatic

from .simulators.spinnaker_soft import SOFT, register_soft_binary


class IFCurrDeltaSoft(AbstractPyNNNeuronModelStandard):
    """sPyNNaker's IFCurDelta, but for its reset: V = V - v_thresh where V >= v_thresh. Its parameters are IFCurDelta's; v_reset is unused."""

    @default_initial_values({"v", "isyn_exc", "isyn_inh"})
    def __init__(
        self,
        tau_m: Any = 20.0,
        cm: Any = 1.0,
        v_rest: Any = 0.0,
        v_reset: Any = 0.0,
        v_thresh: Any = 1.0,
        tau_refrac: Any = 0.0,
        i_offset: Any = 0.0,
        v: Any = 0.0,
        isyn_exc: Any = 0.0,
        isyn_inh: Any = 0.0,
    ):
        register_soft_binary()
        super().__init__(
            model_name="IF_curr_delta_soft",
            binary=SOFT,
            neuron_model=NeuronModelLeakyIntegrateAndFire(v, v_rest, tau_m, cm, i_offset, v_reset, tau_refrac),
            input_type=InputTypeDelta(),
            synapse_type=SynapseTypeDelta(isyn_exc, isyn_inh),
            threshold_type=ThresholdTypeStatic(v_thresh),
        )
