"""Networks of the frameworks themselves. Runs where torch is; the house's own Python hands it to the one that DSQN_TORCH_PYTHON names."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from dsqn_bridge import export_torch
from dsqn_bridge.frameworks.errors import ExportError

from .replay import load, replay

try:
    import torch
    from torch import nn
except ImportError:
    torch = None

HERE = Path(__file__).parent
needs_torch = pytest.mark.skipif(torch is None, reason="torch is not installed here")


def has(package):
    if torch is None:
        return pytest.mark.skipif(True, reason="torch is not installed here")
    try:
        __import__(package)
    except ImportError:
        return pytest.mark.skipif(True, reason="%s is not installed here" % package)
    return pytest.mark.skipif(False, reason="")


@pytest.mark.skipif(torch is not None, reason="the tests below run right here")
@pytest.mark.skipif(not os.environ.get("DSQN_TORCH_PYTHON"), reason="DSQN_TORCH_PYTHON names no Python with torch")
def test_in_the_python_that_has_torch():
    command = [os.environ["DSQN_TORCH_PYTHON"], "-m", "pytest", "-q", "-p", "no:cacheprovider", str(Path(__file__))]
    done = subprocess.run(command, cwd=str(HERE.parent.parent), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def seeded(module, scale=1.0):
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale / parameter[0].numel() ** 0.5)
            elif parameter.dim() == 1:
                parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    return module


def observations(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(2)) * 2


def check(tmp_path, module, inputs, spiking=True, **options):
    path = tmp_path / "net.npz"
    described = export_torch(module, inputs, path, **options)
    found, arrays = load(path)
    assert found == described
    total = 0
    for k, spikes in enumerate(replay(found, arrays)):
        theirs = arrays["spikes%d" % k]
        # float32 may decide what lies at the threshold otherwise.
        assert np.mean(spikes != theirs) < 1e-3, "layer %d" % k
        total += theirs.sum()
    assert not spiking or total > 0
    return found, arrays


@has("snntorch")
class TestSnnTorch:
    @pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
    @pytest.mark.parametrize("delay", [True, False])
    def test_leaky(self, tmp_path, reset, delay):
        import snntorch as snn

        def leaky():
            return snn.Leaky(
                torch.rand(32) * 0.3 + 0.7, init_hidden=True, reset_mechanism=reset, reset_delay=delay, threshold=0.8
            )

        net = nn.Sequential(nn.Linear(4, 32), leaky(), nn.Linear(32, 32), leaky(), nn.Linear(32, 2))
        _, arrays = check(tmp_path, seeded(net), observations(6, 4), steps=30)
        assert arrays["potentials0"].shape == (30, 6, 32)

    @pytest.mark.parametrize("reset", ["subtract", "zero"])
    def test_a_network_of_ones_own_with_synaptic_and_recurrent_neurons(self, tmp_path, reset):
        import snntorch as snn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(4, 24), nn.Linear(24, 3)
                self.lif1 = snn.Synaptic(0.8, 0.9, reset_mechanism=reset)
                self.lif2 = snn.RLeaky(0.7, linear_features=3, reset_mechanism=reset)

            def forward(self, x):
                syn, mem = self.lif1.init_synaptic()
                spk2, mem2 = self.lif2.init_rleaky()
                out = []
                for _ in range(20):
                    spk, syn, mem = self.lif1(self.fc1(x), syn, mem)
                    spk2, mem2 = self.lif2(self.fc2(spk), spk2, mem2)
                    out.append(spk2)
                return torch.stack(out)

        found, _ = check(tmp_path, seeded(Net(), 2.0), observations(5, 4), steps=20)
        assert "recurrent" in found["layers"][1]

    def test_what_is_no_module_is_seen(self, tmp_path):
        import snntorch as snn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(36, 2)
                self.lif1, self.lif2 = snn.Leaky(0.9, init_hidden=True), snn.Leaky(0.9, init_hidden=True)

            def forward(self, x):
                pooled = torch.nn.functional.max_pool2d(self.lif1(self.conv(x)), 2)
                return self.lif2(self.fc(pooled.flatten(1)))

        with pytest.raises(ExportError, match="fc: what it takes in is not what lif1 puts out"):
            export_torch(seeded(Net()), observations(2, 1, 8, 8), tmp_path / "net.npz", steps=5)
        assert list(tmp_path.iterdir()) == []

    def test_neurons_that_are_not_known_are_named(self, tmp_path):
        import snntorch as snn

        class Doubled(snn.Leaky):
            def _base_sub(self, x):
                return 2 * super()._base_sub(x)

        for neuron, said in (
            (snn.Alpha(0.9, 0.8, 0.7, init_hidden=True), "Alpha"),
            (Doubled(0.9, init_hidden=True), "Doubled"),
            (snn.Leaky(0.9, init_hidden=True, inhibition=True), "inhibition"),
        ):
            net = nn.Sequential(nn.Linear(4, 8), snn.Leaky(0.9, init_hidden=True), nn.Linear(8, 3), neuron)
            with pytest.raises(ExportError, match="3: .*%s" % said):
                export_torch(seeded(net), observations(2, 4), tmp_path / "net.npz", steps=5)

    def test_what_changes_nothing_is_left_out_of_spikes_alone(self, tmp_path):
        import snntorch as snn

        lif = snn.Leaky(0.9, init_hidden=True)
        net = nn.Sequential(nn.Linear(4, 8), snn.Leaky(0.9, init_hidden=True), nn.ReLU(), nn.Linear(8, 3), lif)
        found, _ = check(tmp_path, seeded(net, 2.0), observations(5, 4), steps=20)
        assert len(found["layers"]) == 2
        for first in (nn.ReLU(), nn.Hardtanh(0, 5)):
            with pytest.raises(ExportError, match="0: the module .*%s is not known" % type(first).__name__):
                export_torch(
                    seeded(nn.Sequential(first, nn.Linear(4, 3), lif)), torch.rand(2, 4), tmp_path / "n.npz", steps=5
                )

    def test_weights_that_the_file_would_round_are_named(self, tmp_path):
        import snntorch as snn

        net = nn.Sequential(nn.Linear(4, 3), snn.Leaky(0.9, init_hidden=True)).double()
        with pytest.raises(ExportError, match=r"0: its parameters are float64.*net\.float\(\)"):
            export_torch(net, observations(2, 4).double(), tmp_path / "net.npz", steps=5)

    def test_a_module_of_another_kind_is_named(self, tmp_path):
        import snntorch as snn

        net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3), snn.Leaky(0.9, init_hidden=True))
        with pytest.raises(ExportError, match="1: the module .*ReLU is not known"):
            export_torch(seeded(net), observations(2, 4), tmp_path / "net.npz", steps=5)


@has("spikingjelly")
class TestSpikingJelly:
    @pytest.mark.parametrize("v_reset", [None, 0.0, -0.5])
    @pytest.mark.parametrize("mode", ["s", "m"])
    def test_dense(self, tmp_path, v_reset, mode):
        from spikingjelly.activation_based import layer, neuron

        net = nn.Sequential(
            layer.Linear(4, 32, step_mode=mode),
            neuron.IFNode(v_reset=v_reset, step_mode=mode),
            layer.Linear(32, 32, step_mode=mode),
            layer.Dropout(0.5, step_mode=mode),
            neuron.LIFNode(tau=3.0, v_reset=v_reset, step_mode=mode, decay_input=False),
            layer.Linear(32, 4, step_mode=mode),
            neuron.ParametricLIFNode(init_tau=1.5, v_reset=v_reset, step_mode=mode),
        )
        check(tmp_path, seeded(net, 2.0), observations(25, 6, 4))

    @pytest.mark.parametrize("kind", ["MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d"])
    def test_images(self, tmp_path, kind):
        from spikingjelly.activation_based import layer, neuron

        net = nn.Sequential(
            layer.Conv2d(2, 8, 3, padding=1, stride=(1, 2), groups=2),
            layer.BatchNorm2d(8),
            neuron.IFNode(v_reset=None),
            getattr(layer, kind)((4, 2) if kind.startswith("Adaptive") else 2),
            layer.Conv2d(8, 4, 3, padding="same", dilation=2, bias=False),
            neuron.LIFNode(),
            layer.Flatten(),
            layer.Linear(32, 3),
            neuron.IFNode(),
        )
        net[1].running_mean.normal_()
        net[1].running_var.uniform_(0.5, 2)
        check(tmp_path, seeded(net, 3.0), observations(3, 2, 8, 8), steps=15)

    def test_sequences(self, tmp_path):
        from spikingjelly.activation_based import layer, neuron

        net = nn.Sequential(
            nn.Conv1d(3, 6, 5, stride=2, padding=2),
            neuron.IFNode(),
            nn.MaxPool1d(2),
            layer.Flatten(),
            nn.Linear(24, 2),
            neuron.IFNode(),
        )
        check(tmp_path, seeded(net, 2.0), observations(12, 4, 3, 16))


@has("norse")
class TestNorse:
    @pytest.mark.parametrize("soft", [True, False])
    def test_cells(self, tmp_path, soft):
        import norse.torch as norse
        from norse.torch.functional.lif_box import LIFBoxParameters
        from norse.torch.functional.reset import reset_subtract, reset_value

        box = LIFBoxParameters(
            tau_mem_inv=torch.tensor(150.0),
            v_leak=torch.tensor(0.1),
            v_th=torch.tensor(0.4),
            reset_method=reset_subtract if soft else reset_value,
        )
        lif = norse.LIFParameters(v_th=torch.tensor(0.3), v_leak=torch.tensor(-0.1), v_reset=torch.tensor(-0.2))
        net = norse.SequentialState(
            nn.Linear(4, 32),
            norse.LIFBoxCell(box),
            nn.Linear(32, 16),
            norse.LIFCell(lif),
            nn.Linear(16, 3),
            norse.IAFCell(),
        )
        check(tmp_path, seeded(net, 3.0), observations(6, 4), steps=40)

    def test_with_time_inside(self, tmp_path):
        import norse.torch as norse

        net = norse.SequentialState(
            norse.Lift(nn.Linear(4, 32)), norse.LIF(), norse.Lift(nn.Linear(32, 3)), norse.IAF()
        )
        check(tmp_path, seeded(net, 4.0), observations(30, 5, 4))

    def test_recurrent_cells_are_named(self, tmp_path):
        import norse.torch as norse

        net = norse.SequentialState(nn.Linear(4, 8), norse.LIFCell(), norse.LIFRecurrentCell(8, 3))
        with pytest.raises(ExportError, match="2: .*LIFRecurrentCell"):
            export_torch(net, observations(2, 4), tmp_path / "net.npz", steps=5)


@has("sinabs")
class TestSinabs:
    @pytest.mark.parametrize("squeeze", [True, False])
    def test_images_with_many_spikes(self, tmp_path, squeeze):
        import sinabs.layers as sl
        from sinabs.activation import MaxSpike, MembraneReset, SingleSpike

        if squeeze:
            net = nn.Sequential(
                nn.Conv2d(2, 6, 3), sl.IAFSqueeze(batch_size=3), sl.SumPool2d(2), nn.Flatten(),
                nn.Linear(54, 4), sl.IAFSqueeze(batch_size=3, spike_fn=MaxSpike(2), min_v_mem=-1.0),
            )  # fmt: skip
            found, arrays = check(tmp_path, seeded(net, 4.0), observations(3, 2, 8, 8), steps=12)
            assert arrays["spikes0"].max() > 1
            assert arrays["spikes1"].max() == 2
        else:
            net = nn.Sequential(
                nn.Linear(4, 16), sl.LIF(tau_mem=5.0, tau_syn=3.0, spike_fn=SingleSpike), nn.Linear(16, 16),
                sl.LIF(tau_mem=8.0, norm_input=False, spike_fn=SingleSpike, reset_fn=MembraneReset()),
                nn.Linear(16, 3), sl.IAF(spike_fn=SingleSpike, min_v_mem=-0.5),
            )  # fmt: skip
            check(tmp_path, seeded(net, 3.0), observations(25, 6, 4))

    def test_json_with_its_npz(self, tmp_path):
        import sinabs.layers as sl

        net = seeded(nn.Sequential(nn.Linear(4, 16), sl.IAF(record_states=True)))
        export_torch(net, observations(3, 4), tmp_path / "mine.json", steps=10)
        found, arrays = load(tmp_path / "mine.npz")
        assert found["name"] == "mine"
        assert found["versions"]["sinabs"]
        assert arrays["potentials0"].shape == (10, 3, 16)
