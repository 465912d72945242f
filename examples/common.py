"""Shared parts of the example networks: data, spike coding, training, checking.

Every example follows the same path: train a spiking network on the 8x8 digits
with surrogate gradients (snnTorch), write it as a NIR file, record the spike
counts the framework itself produces on a fixed set of test spikes, then read
the file back into an independent simulator and require the same counts.

Neuron semantics, everywhere, with dt = 1e-4 s:

    v[t] = beta * v[t-1] + I[t]         beta = 1 - dt/tau = 0.9, gain r*dt/tau = 1
    s[t] = v[t] > 1                     strict comparison
    v[t] = 0 where s[t]                 reset to zero in the same step

All layers are evaluated within one step (no delay between layers); recurrent
spikes arrive one step later.
"""

import random

import nir
import numpy as np
import snntorch as snn
import torch
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.nn.functional import affine_grid, cross_entropy, grid_sample

DT = 1e-4  # the step snnTorch's NIR exporter assumes, in seconds
BETA = 0.9  # membrane decay per step
CLASSES = 10
TEST_SAMPLES = 500


# ------------------------------------------------------------------ data


def load_images():
    """Digits scaled to 0..1: (train images, train labels, test images, test labels)."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16.0).reshape(-1, 8, 8).astype(np.float32)
    train_x, test_x, train_y, test_y = train_test_split(
        images, labels, test_size=TEST_SAMPLES, stratify=labels, random_state=0
    )
    return (
        torch.from_numpy(train_x),
        torch.from_numpy(train_y).long(),
        torch.from_numpy(test_x),
        torch.from_numpy(test_y).long(),
    )


def jitter(images):
    """Randomly rotate, scale and shift each image a little (training only)."""
    n = len(images)
    angle = (torch.rand(n) - 0.5) * 0.35
    scale = 1 + (torch.rand(n) - 0.5) * 0.2
    shift = (torch.rand(n, 2) - 0.5) * 0.35
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = torch.cos(angle) * scale
    theta[:, 0, 1] = -torch.sin(angle) * scale
    theta[:, 1, 0] = torch.sin(angle) * scale
    theta[:, :, 2] = shift
    grid = affine_grid(theta, (n, 1, 8, 8), align_corners=False)
    return grid_sample(images[:, None], grid, align_corners=False)[:, 0]


# ------------------------------------------------------------------ network parts


class Spike(torch.autograd.Function):
    """Heaviside step with an arctangent surrogate gradient.

    Unlike snnTorch's own surrogates it keeps the dtype of its input, so the
    trained network can be evaluated in double precision.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad / (1 + (torch.pi * x) ** 2)


def neuron_options(*shape):
    """Arguments shared by snn.Leaky and snn.RLeaky for a layer of that shape.

    Decay and threshold are tensors with one value per neuron because the NIR
    exporter takes the layer shape from them. snnTorch's defaults (subtract, one
    step late) are not what a NIR file describes, so the reset is set explicitly.
    """
    return dict(
        beta=torch.full(shape, BETA),
        threshold=torch.ones(shape),
        spike_grad=Spike.apply,
        init_hidden=True,
        reset_mechanism="zero",
        reset_delay=False,
    )


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def run(net, spikes, hook=None):
    """Feed spikes [N, T, ...] to the network; returns output counts [N, classes].

    `hook(name, spikes)` is called for every spiking layer in every step.
    """
    for layer in net:
        if isinstance(layer, snn.SpikingNeuron):
            layer.reset_mem()
    counts = 0
    for t in range(spikes.shape[1]):
        x = spikes[:, t]
        for name, layer in net.named_children():
            x = layer(x)
            if hook and isinstance(layer, snn.SpikingNeuron):
                hook(name, x)
        counts = counts + x
    return counts


def train(net, encode, epochs, batch=64, lr=2e-3, rate_penalty=0.0):
    """Train on spike counts. Spikes are drawn anew each epoch from jittered images.

    `rate_penalty` weighs the firing rate, averaged over the layers, in the loss:
    fewer spikes are less energy.
    """
    images, labels, _, _ = load_images()
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=1e-4)
    steps_per_epoch = -(-len(images) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=lr, total_steps=epochs * steps_per_epoch
    )
    for epoch in range(epochs):
        hits = 0
        for index in torch.randperm(len(images)).split(batch):
            rates = []
            counts = run(
                net,
                encode(jitter(images[index])).float(),
                hook=lambda name, spikes: rates.append(spikes.mean()),
            )
            loss = cross_entropy(counts, labels[index], label_smoothing=0.05)
            loss = loss + rate_penalty * torch.stack(rates).mean()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            hits += (counts.argmax(1) == labels[index]).sum().item()
        if (epoch + 1) % 10 == 0:
            print(f"epoch {epoch + 1:3d}  training accuracy {hits / len(images):.3f}", flush=True)


def to_double(net):
    """Double precision in place, with the decay exactly BETA.

    The trained weights keep their float32 values, so storing them as float32
    afterwards loses nothing.
    """
    net.double().eval()
    for layer in net:
        if isinstance(layer, snn.SpikingNeuron):
            layer.beta.fill_(BETA)
    return net


def weights_to_float32(graph):
    """Store weights as float32 (exact, see to_double); neuron parameters stay float64."""
    for node in graph.nodes.values():
        for field in ("weight", "bias"):
            if hasattr(node, field):
                wide = np.asarray(getattr(node, field))
                narrow = wide.astype(np.float32)
                assert np.array_equal(wide, narrow)
                setattr(node, field, narrow)
    return graph


# ------------------------------------------------------------------ independent simulator


def conv(node, x):
    (sy, sx), (py, px) = node.stride, node.padding
    assert tuple(node.dilation) == (1, 1) and node.groups == 1
    x = np.pad(x, ((0, 0), (0, 0), (py, py), (px, px)))
    windows = sliding_window_view(x, node.weight.shape[2:], axis=(2, 3))[:, :, ::sy, ::sx]
    y = np.tensordot(windows, node.weight.astype(np.float64), axes=([1, 4, 5], [1, 2, 3]))
    return y.transpose(0, 3, 1, 2) + node.bias.astype(np.float64)[:, None, None]


def pool(node, x):
    (sy, sx), (py, px) = node.stride, node.padding
    x = np.pad(x, ((0, 0), (0, 0), (py, py), (px, px)))
    windows = sliding_window_view(x, tuple(node.kernel_size), axis=(2, 3))[:, :, ::sy, ::sx]
    return windows.sum(axis=(4, 5)) if isinstance(node, nir.SumPool2d) else windows.mean(axis=(4, 5))


class Simulator:
    """Plain float64 interpreter of a NIR graph; shares no code with the training framework."""

    def __init__(self, graph):
        self.nodes, self.edges = graph.nodes, graph.edges
        reach = {name: self._reachable(name) for name in self.nodes}
        # Spikes that travel around a cycle arrive one step later; all else is immediate.
        self.delayed = {
            (a, b) for a, b in self.edges if isinstance(self.nodes[a], nir.LIF) and a in reach[b]
        }
        self.order = []
        while len(self.order) < len(self.nodes):
            ready = [
                name
                for name in self.nodes
                if name not in self.order
                and all(
                    a in self.order
                    for a, b in self.edges
                    if b == name and (a, b) not in self.delayed
                )
            ]
            assert ready, "cycle without a spiking node"
            self.order += ready
        self.lifs = [name for name in self.order if isinstance(self.nodes[name], nir.LIF)]

    def _reachable(self, name):
        seen, stack = set(), [name]
        while stack:
            here = stack.pop()
            if here not in seen:
                seen.add(here)
                stack += [b for a, b in self.edges if a == here]
        return seen

    def run(self, spikes):
        """Output counts [N, classes], spikes per LIF node, smallest |v - threshold|."""
        n, steps = spikes.shape[:2]
        voltage = {name: 0.0 for name in self.lifs}
        last = {
            name: np.zeros((n, *self.nodes[name].v_threshold.shape)) for name in self.lifs
        }
        totals = {name: 0 for name in self.lifs}
        counts, margin = 0, np.inf
        for t in range(steps):
            value = {}
            for name in self.order:
                node = self.nodes[name]
                x = sum(
                    last[a] if (a, b) in self.delayed else value[a]
                    for a, b in self.edges
                    if b == name
                )
                if isinstance(node, nir.Input):
                    y = spikes[:, t].astype(np.float64)
                elif isinstance(node, nir.Output):
                    y = x
                    counts = counts + x
                elif isinstance(node, nir.Affine):
                    y = x @ node.weight.astype(np.float64).T + node.bias.astype(np.float64)
                elif isinstance(node, nir.Conv2d):
                    y = conv(node, x)
                elif isinstance(node, (nir.AvgPool2d, nir.SumPool2d)):
                    y = pool(node, x)
                elif isinstance(node, nir.Flatten):
                    y = x.reshape(n, -1)
                elif isinstance(node, nir.LIF):
                    v = voltage[name]
                    v = v + DT / node.tau * ((node.v_leak - v) + node.r * x)
                    y = (v > node.v_threshold).astype(np.float64)
                    margin = min(margin, np.abs(v - node.v_threshold).min())
                    voltage[name] = np.where(y > 0, node.v_reset, v)
                    totals[name] += int(y.sum())
                else:
                    raise TypeError(f"{name}: {type(node).__name__}")
                value[name] = y
            last = {name: value[name] for name in self.lifs}
        return counts.astype(np.int64), totals, margin


def quantise(graph, bits):
    """Round weights to symmetric integers per layer; biases to the same grid. In place."""
    for node in graph.nodes.values():
        if hasattr(node, "weight"):
            scale = np.abs(node.weight).max() / (2 ** (bits - 1) - 1)
            node.weight = np.round(node.weight / scale) * scale
            node.bias = np.round(node.bias / scale) * scale
    return graph


# ------------------------------------------------------------------ results


def accuracy(counts, labels):
    """Share of samples whose highest count (ties: lowest index) is the label."""
    return float((np.argmax(counts, axis=1) == labels).mean())


def record(folder, net, graph, encode, required):
    """Write the .nir file, the test spikes and the framework's counts, then verify them."""
    path = folder / f"{folder.name}.nir"
    graph.edges = sorted(graph.edges)  # the exporter's order changes from run to run
    nir.write(path, weights_to_float32(graph))

    _, _, images, labels = load_images()
    labels = labels.numpy()
    torch.manual_seed(2024)
    spikes = encode(images).to(torch.uint8)
    np.savez_compressed(
        folder / "test.npz", spikes=spikes.numpy(), labels=labels, dt=np.float64(DT)
    )

    layers = [name for name, m in net.named_children() if isinstance(m, snn.SpikingNeuron)]
    totals = dict.fromkeys(layers, 0)

    def tally(name, s):
        totals[name] += int(s.sum())

    with torch.no_grad():
        counts = run(net, spikes.double(), hook=tally).numpy().astype(np.int64)
    # A recurrent layer becomes "<name>.lif" in the file.
    names = [name if name in graph.nodes else f"{name}.lif" for name in layers]
    reached = accuracy(counts, labels)
    np.savez_compressed(
        folder / "expected.npz",
        counts=counts,
        layer_names=np.array(names),
        layer_totals=np.array([totals[name] for name in layers], dtype=np.int64),
        accuracy=np.float64(reached),
    )

    check, check_totals, margin = Simulator(nir.read(path)).run(spikes.numpy())
    identical = int((check == counts).all(axis=1).sum())
    eight = accuracy(Simulator(quantise(nir.read(path), 8)).run(spikes.numpy())[0], labels)
    n = len(labels)
    print(f"accuracy {reached:.3f}, with 8-bit weights {eight:.3f}")
    print(f"identical counts in the independent simulator: {identical} of {n}")
    print(f"smallest distance of a membrane from its threshold: {margin:.1e}")
    print("spikes per sample: input %.1f, " % (int(spikes.sum()) / n)
          + ", ".join(f"{k} {totals[l] / n:.1f}" for k, l in zip(names, layers)))
    assert identical == n
    assert [check_totals[k] for k in names] == [totals[l] for l in layers]
    assert reached >= required and eight >= reached - 0.02
