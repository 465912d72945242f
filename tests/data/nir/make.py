"""Make the small NIR files of the import tests: good/, encodings/ and findings/.

    pip install nir==1.0.8 h5py==3.16.0 numpy==2.4.6
    python make.py

good/       networks that use every node type, each with random stimuli and the outputs of the
            interpreter below, which shares no code with the Rust one
encodings/  one network in many encodings that must all read alike
findings/   files with one fault or oddity each; what is said about them stands beside them
            (written by the tests when UPDATE_GOLDEN is set)
"""

from pathlib import Path

import h5py
import nir
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

HERE = Path(__file__).resolve().parent
DT = 1e-4

# ------------------------------------------------------------------ independent interpreter


def convolve(x, weight, bias, stride, padding, dilation, groups):
    """PyTorch's conv2d for one sample; padding is ((top, bottom), (left, right))."""
    x = np.pad(x, ((0, 0), *padding))
    out, local, ky, kx = weight.shape
    reach = (dilation[0] * (ky - 1) + 1, dilation[1] * (kx - 1) + 1)
    views = sliding_window_view(x, reach, axis=(1, 2))
    views = views[:, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    parts = []
    for channel in range(out):
        first = channel // (out // groups) * local
        parts.append(np.einsum("ihwyx,iyx->hw", views[first : first + local], weight[channel]))
    return np.stack(parts) + bias[:, None, None]


def pad_of(padding, kernel, dilation):
    if padding == "valid":
        return ((0, 0), (0, 0))
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel)]
        return tuple((t // 2, t - t // 2) for t in total)
    return tuple((p, p) for p in padding)


def pool(node, x):
    p = np.pad(x, ((0, 0), *[(int(v), int(v)) for v in node.padding]))
    views = sliding_window_view(p, tuple(int(k) for k in node.kernel_size), axis=(1, 2))
    views = views[:, :: int(node.stride[0]), :: int(node.stride[1])]
    return views.sum((3, 4)) if isinstance(node, nir.SumPool2d) else views.mean((3, 4))


def flatten_graph(graph, prefix=""):
    """Nodes and edges without nesting; the ports of subgraphs become None (pass on)."""
    nodes, edges, entry, leave = {}, [], {}, {}
    for name, node in graph.nodes.items():
        full = prefix + name
        if isinstance(node, nir.NIRGraph):
            inner_nodes, inner_edges = flatten_graph(node, full + "/")
            ins = [full + "/" + k for k, v in node.nodes.items() if isinstance(v, nir.Input)]
            outs = [full + "/" + k for k, v in node.nodes.items() if isinstance(v, nir.Output)]
            for port in ins + outs:
                inner_nodes[port] = None
            nodes |= inner_nodes
            edges += inner_edges
            entry[name], leave[name] = ins[0], outs[0]
        else:
            nodes[full] = node
            entry[name] = leave[name] = full
    edges += [(leave[a], entry[b]) for a, b in graph.edges]
    return nodes, edges


NEURONS = (nir.I, nir.IF, nir.LI, nir.LIF, nir.CubaLI, nir.CubaLIF, nir.Threshold)


class Interpreter:
    """Float64, all layers within one step, a neuron's output enters its own cycle a step late."""

    def __init__(self, graph, exponential, subtract):
        self.nodes, self.edges = flatten_graph(graph)
        self.exponential, self.subtract = exponential, subtract
        reach = {name: self.reachable(name) for name in self.nodes}
        self.late = {
            (a, b) for a, b in self.edges if isinstance(self.nodes[a], NEURONS) and a in reach[b]
        }
        self.order = []
        while len(self.order) < len(self.nodes):
            self.order.append(
                next(
                    n
                    for n in self.nodes
                    if n not in self.order
                    and all(
                        a in self.order for a, b in self.edges if b == n and (a, b) not in self.late
                    )
                )
            )

    def reachable(self, name):
        seen, stack = set(), [name]
        while stack:
            here = stack.pop()
            for a, b in self.edges:
                if a == here and b not in seen:
                    seen.add(b)
                    stack.append(b)
        return seen

    def step_share(self, tau):
        return 1 - np.exp(-DT / tau) if self.exponential else DT / tau

    def neuron(self, node, x, state):
        if hasattr(node, "tau_syn"):
            share = self.step_share(node.tau_syn)
            state["i"] = state.get("i", 0.0) * (1 - share) + share * node.w_in * x
            x = state["i"]
        v = state.get("v", np.zeros(x.shape))
        if isinstance(node, (nir.I, nir.IF)):
            v = v + node.r * x
        elif isinstance(node, nir.Threshold):
            v = x
        else:
            share = self.step_share(node.tau_mem if hasattr(node, "tau_mem") else node.tau)
            v = v + share * (node.v_leak - v + node.r * x)
        out = v
        if isinstance(node, (nir.IF, nir.LIF, nir.CubaLIF, nir.Threshold)):
            threshold = node.threshold if isinstance(node, nir.Threshold) else node.v_threshold
            out = (v > threshold).astype(float)
            self.margin = min(self.margin, np.abs(v - threshold).min())
            self.spikes += out.sum()
            v = np.where(out > 0, v - threshold if self.subtract else 0.0, v)
        state["v"] = v
        return out

    def apply(self, node, x, state):
        if isinstance(node, NEURONS):
            return self.neuron(node, x, state)
        if isinstance(node, nir.Affine):
            return np.einsum("...oi,...i->...o", node.weight, x) + node.bias
        if isinstance(node, nir.Linear):
            return np.einsum("...oi,...i->...o", node.weight, x)
        if isinstance(node, nir.Scale):
            return node.scale * x
        if isinstance(node, nir.Conv2d):
            pad = pad_of(node.padding, node.weight.shape[2:], node.dilation)
            return convolve(
                x, node.weight, node.bias, node.stride, pad, node.dilation, node.groups
            )
        if isinstance(node, nir.Conv1d):
            dilation = (1, node.dilation)
            padding = node.padding if isinstance(node.padding, str) else (0, node.padding)
            weight = node.weight[:, :, None]
            pad = pad_of(padding, weight.shape[2:], dilation)
            y = convolve(
                x[:, None], weight, node.bias, (1, node.stride), pad, dilation, node.groups
            )
            return y[:, 0]
        if isinstance(node, (nir.SumPool2d, nir.AvgPool2d)):
            return pool(node, x)
        if isinstance(node, nir.Flatten):
            return x.reshape(-1)
        if isinstance(node, nir.Delay):
            steps = np.round(node.delay / DT).astype(int)
            past = state.setdefault("past", [])
            past.append(x)
            t = len(past) - 1
            return np.array([past[t - d][i] if t >= d else 0.0 for i, d in enumerate(steps)])
        assert node is None or isinstance(node, (nir.Input, nir.Output)), type(node)
        return x

    def run(self, stimuli):
        """Stimuli {input: [T, ...]} to outputs summed over the steps, by output name."""
        states = {name: {} for name in self.nodes}
        before, sums = {}, {}
        for t in range(len(next(iter(stimuli.values())))):
            now = {}
            for name in self.order:
                node = self.nodes[name]
                if isinstance(node, nir.Input):
                    now[name] = stimuli[name][t].astype(float)
                    continue
                entering = 0.0
                for a, b in self.edges:
                    if b == name:
                        late = (a, b) in self.late
                        silent = np.zeros(self.nodes[a].output_type["output"]) if late else None
                        entering = entering + (before.get(a, silent) if late else now[a])
                now[name] = self.apply(node, entering, states[name])
                if isinstance(node, nir.Output):
                    sums[name] = sums.get(name, 0.0) + now[name]
            before = now
        return sums


# ------------------------------------------------------------------ good networks


def normal(rng, *shape, scale=1.0):
    return rng.normal(0, scale, shape).astype(np.float32)


def full(value, *shape):
    return np.full(shape, value)


def uniform(rng, low, high, *shape):
    return rng.uniform(low, high, shape)


def lif(rng, *shape, leak=0.0):
    return nir.LIF(
        tau=uniform(rng, 4e-4, 2e-3, *shape),
        r=uniform(rng, 4.0, 12.0, *shape),
        v_leak=full(leak, *shape),
        v_threshold=uniform(rng, 0.5, 1.5, *shape),
        v_reset=full(0.0, *shape),
    )


def cuba(rng, *shape, leak=0.0, firing=True):
    parameters = dict(
        tau_syn=uniform(rng, 2e-4, 6e-4, *shape),
        tau_mem=uniform(rng, 4e-4, 2e-3, *shape),
        r=uniform(rng, 4.0, 12.0, *shape),
        v_leak=full(leak, *shape),
        w_in=uniform(rng, 1.0, 3.0, *shape),
    )
    if not firing:
        return nir.CubaLI(**parameters)
    return nir.CubaLIF(v_threshold=full(1.0, *shape), v_reset=full(0.0, *shape), **parameters)


def integrate_fire(rng, *shape, r=None):
    return nir.IF(
        r=uniform(rng, 0.5, 2.0, *shape) if r is None else r, v_threshold=full(1.0, *shape), v_reset=full(0.0, *shape)
    )


def conv(rng, out, ingoing, ky, kx, shape, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    return nir.Conv2d(
        input_shape=shape,
        weight=normal(rng, out, ingoing // groups, ky, kx, scale=0.5),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=normal(rng, out, scale=0.2),
    )


def pooling(kind, kernel, stride, padding=(0, 0)):
    return kind(kernel_size=np.array(kernel), stride=np.array(stride), padding=np.array(padding))


def chain(*nodes):
    """(name, node) pairs to nodes and edges."""
    names = [name for name, _ in nodes]
    return dict(nodes), list(zip(names[:-1], names[1:]))


def ports(name, shape, output, out_shape):
    return (name, nir.Input(np.array(shape))), (output, nir.Output(np.array(out_shape)))


def planes(rng):
    """Convolutions and pooling in every geometry, folded and not."""
    first, last = ports("input", (2, 11, 9), "output", (5,))
    return chain(
        first,
        ("conv1", conv(rng, 4, 2, 3, 3, (11, 9), padding="same", groups=2)),
        ("if1", integrate_fire(rng, 4, 11, 9)),
        ("overlap", pooling(nir.SumPool2d, (3, 3), (2, 2), (1, 1))),
        ("conv2", conv(rng, 6, 4, 3, 2, (6, 5), padding=(2, 1), dilation=(2, 1), groups=2)),
        ("lif2", lif(rng, 6, 6, 6, leak=0.1)),
        ("pool2", pooling(nir.AvgPool2d, (2, 2), (2, 2))),
        ("conv3", conv(rng, 3, 6, 2, 2, (3, 3), padding="same")),
        ("cuba3", cuba(rng, 3, 3, 3)),
        ("leftover", pooling(nir.AvgPool2d, (2, 2), (2, 2))),
        ("flat", nir.Flatten(input_type={"input": np.array([3, 1, 1])}, start_dim=0, end_dim=-1)),
        ("fc", nir.Affine(weight=normal(rng, 5, 3), bias=normal(rng, 5, scale=0.2))),
        ("li", nir.LI(tau=full(1e-3, 5), r=full(10.0, 5), v_leak=full(0.0, 5))),
        last,
    )


def by_channel(values, *plane):
    return np.asarray(values)[:, None, None] * np.ones(plane)


def kernels(rng):
    """Neurons alike inside a channel, so that kernels stay kernels through every composition."""
    first, last = ports("input", (2, 11, 9), "output", (2, 6, 1))
    leaky = nir.LIF(
        tau=by_channel([5e-4, 1e-3, 2e-3], 6, 3),
        r=by_channel([5.0, 9.0, 30.0], 6, 3),
        v_leak=full(0.0, 3, 6, 3),
        v_threshold=uniform(rng, 0.5, 1.5, 3, 6, 3),
        v_reset=full(0.0, 3, 6, 3),
    )
    return chain(
        first,
        ("channels", nir.Scale(by_channel([0.5, 2.0], 11, 9))),
        ("conv1", conv(rng, 4, 2, 3, 3, (11, 9), padding="same", groups=2)),
        ("if1", integrate_fire(rng, 4, 11, 9, r=by_channel([0.5, 1.0, 1.0, 2.0], 11, 9))),
        ("overlap", pooling(nir.AvgPool2d, (3, 3), (2, 2), (1, 1))),
        ("inside", conv(rng, 6, 4, 3, 2, (6, 5), padding=(1, 0))),
        ("mix", conv(rng, 3, 6, 1, 1, (6, 4))),
        ("crop", conv(rng, 3, 3, 1, 2, (6, 4), groups=3)),
        ("lif2", leaky),
        ("sum", pooling(nir.SumPool2d, (1, 3), (1, 1))),
        ("scale", nir.Scale(by_channel([0.37, 0.37, 0.37], 6, 1))),
        ("if3", integrate_fire(rng, 3, 6, 1, r=full(1.0, 3, 6, 1))),
        ("conv4", conv(rng, 2, 3, 1, 1, (6, 1))),
        ("threshold", nir.Threshold(full(0.3, 2, 6, 1))),
        last,
    )


def odd_pool(rng):
    """A plane of odd extent is pooled, then convolved with padding: no single kernel does it."""
    first, last = ports("input", (2, 7, 7), "output", (3, 3, 3))
    return chain(
        first,
        ("pool", pooling(nir.SumPool2d, (2, 2), (2, 2))),
        ("conv", conv(rng, 3, 2, 3, 3, (3, 3), padding=(1, 1))),
        ("lif", lif(rng, 3, 3, 3)),
        last,
    )


def rows(rng):
    """One-dimensional layers, Scale, Threshold and a bare integrator."""
    first, last = ports("input", (2, 13), "output", (4,))
    conv1 = nir.Conv1d(13, normal(rng, 4, 2, 3), 2, 1, 1, 1, normal(rng, 4, scale=0.2))
    conv2 = nir.Conv1d(7, normal(rng, 4, 2, 2), 1, "valid", 2, 2, normal(rng, 4, scale=0.2))
    return chain(
        first,
        ("conv1", conv1),
        ("scale", nir.Scale(uniform(rng, 0.5, 1.5, 4, 7))),
        ("if1", integrate_fire(rng, 4, 7)),
        ("conv2", conv2),
        ("threshold", nir.Threshold(full(0.3, 4, 5))),
        ("flat", nir.Flatten(input_type={"input": np.array([4, 5])}, start_dim=0, end_dim=-1)),
        ("fc", nir.Linear(normal(rng, 4, 20, scale=0.3))),
        ("i", nir.I(r=full(0.5, 4))),
        last,
    )


def linear_chain(rng):
    """Everything linear in a row: two convolutions, pooling, Scale, Flatten, two matrices."""
    first, last = ports("input", (2, 8, 8), "output", (24,))
    return chain(
        first,
        ("conv1", conv(rng, 3, 2, 3, 3, (8, 8))),
        ("conv2", conv(rng, 4, 3, 2, 2, (6, 6), stride=(2, 2))),
        ("pool", pooling(nir.AvgPool2d, (2, 2), (1, 1))),
        ("scale", nir.Scale(uniform(rng, 0.5, 1.5, 4, 2, 2))),
        ("flat", nir.Flatten(input_type={"input": np.array([4, 2, 2])}, start_dim=0, end_dim=-1)),
        ("fc1", nir.Affine(weight=normal(rng, 7, 16, scale=0.3), bias=normal(rng, 7, scale=0.2))),
        ("fc2", nir.Affine(weight=normal(rng, 24, 7, scale=3.0), bias=normal(rng, 24, scale=0.2))),
        ("lif", lif(rng, 24)),
        last,
    )


def blocks(rng):
    """A matrix with a leading axis, and an ending without a neuron."""
    first, last = ports("input", (3, 4), "output", (2,))
    return chain(
        first,
        ("fc1", nir.Affine(weight=normal(rng, 3, 5, 4), bias=normal(rng, 3, 5, scale=0.2))),
        ("lif", lif(rng, 3, 5)),
        ("flat", nir.Flatten(input_type={"input": np.array([3, 5])}, start_dim=0, end_dim=-1)),
        ("fc2", nir.Affine(weight=normal(rng, 2, 15, scale=0.3), bias=normal(rng, 2, scale=0.2))),
        last,
    )


def skip_and_delay(rng):
    """Two inputs, edges that add up, a skip past a layer, delays alike and not alike."""
    nodes = {
        "left": nir.Input(np.array([4])),
        "right": nir.Input(np.array([5])),
        "from_left": nir.Affine(weight=normal(rng, 6, 4), bias=normal(rng, 6, scale=0.2)),
        "from_right": nir.Linear(normal(rng, 6, 5)),
        "first": lif(rng, 6),
        "wait": nir.Delay(full(2e-4, 6)),
        "wait_more": nir.Delay(full(1e-4, 6)),
        "each_waits": nir.Delay(np.array([0.0, 1e-4, 3e-4, 1e-4, 0.0, 2e-4])),
        "onward": nir.Linear(normal(rng, 6, 6)),
        "second": cuba(rng, 6, leak=0.05),
        "output": nir.Output(np.array([6])),
        "side": nir.Output(np.array([6])),
    }
    edges = [
        ("left", "from_left"), ("right", "from_right"), ("from_left", "first"),
        ("from_right", "first"), ("first", "wait"), ("first", "each_waits"),
        ("wait", "wait_more"), ("wait_more", "onward"), ("each_waits", "onward"), ("onward", "second"), ("first", "second"),
        ("second", "output"), ("first", "side"),
    ]  # fmt: skip
    return nodes, edges


def nested(rng):
    """A recurrent layer as a subgraph, in a subgraph."""
    inner = nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array([6])),
            "lif": cuba(rng, 6),
            "w_rec": nir.Affine(weight=normal(rng, 6, 6, scale=0.5), bias=normal(rng, 6, scale=0.1)),
            "output": nir.Output(np.array([6])),
        },
        edges=[("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    )
    middle = nir.NIRGraph(
        nodes={
            "in": nir.Input(np.array([4])),
            "fc": nir.Linear(normal(rng, 6, 4)),
            "recurrent": inner,
            "out": nir.Output(np.array([6])),
        },
        edges=[("in", "fc"), ("fc", "recurrent"), ("recurrent", "out")],
    )
    first, last = ports("input", (4,), "output", (3,))
    return chain(
        first,
        ("block", middle),
        ("readout", nir.Linear(normal(rng, 3, 6))),
        ("li", cuba(rng, 3, firing=False)),
        last,
    )


def ring(rng):
    """A cycle through two populations, one of which also feeds itself directly."""
    nodes = {
        "input": nir.Input(np.array([4])),
        "fc": nir.Affine(weight=normal(rng, 5, 4), bias=normal(rng, 5, scale=0.2)),
        "a": lif(rng, 5),
        "ab": nir.Linear(normal(rng, 6, 5)),
        "b": integrate_fire(rng, 6),
        "ba": nir.Affine(weight=normal(rng, 5, 6, scale=0.5), bias=normal(rng, 5, scale=0.2)),
        "brake": nir.Scale(full(-0.5, 6)),
        "output": nir.Output(np.array([6])),
    }
    edges = [
        ("input", "fc"), ("fc", "a"), ("a", "ab"), ("ab", "b"), ("b", "ba"), ("ba", "a"),
        ("b", "brake"), ("brake", "b"), ("b", "output"),
    ]  # fmt: skip
    return nodes, edges


GOOD = [planes, odd_pool, kernels, rows, linear_chain, blocks, skip_and_delay, nested, ring]
SAMPLES, STEPS = 4, 20


def make_good():
    folder = HERE / "good"
    folder.mkdir(exist_ok=True)
    for index, build in enumerate(GOOD):
        rng = np.random.default_rng(100 + index)
        nodes, edges = build(rng)
        graph = nir.NIRGraph(nodes, edges, type_check=False)
        nir.write(folder / f"{build.__name__}.nir", graph, compression=None)
        arrays = {}
        inputs = sorted(name for name, node in nodes.items() if isinstance(node, nir.Input))
        for name in inputs:
            shape = tuple(nodes[name].input_type["input"])
            spikes = rng.random((SAMPLES, STEPS, *shape)) < 0.4
            arrays[f"in.{name}"] = spikes.astype(np.uint8)
        for policy, exponential, subtract in (("euler_zero", 0, 0), ("exponential_subtract", 1, 1)):
            sums = {}
            run = Interpreter(graph, exponential, subtract)
            run.margin, run.spikes = np.inf, 0
            for sample in range(SAMPLES):
                for name, value in run.run({n: arrays[f"in.{n}"][sample] for n in inputs}).items():
                    sums.setdefault(name, []).append(np.asarray(value).reshape(-1))
            assert run.margin > 1e-7, (build.__name__, run.margin)
            assert run.spikes >= 50, (build.__name__, run.spikes)
            print(f"{build.__name__} {policy}: {run.spikes:.0f} spikes, margin {run.margin:.1e}")
            for name, values in sums.items():
                arrays[f"{policy}.{name}"] = np.stack(values)
        np.savez_compressed(folder / f"{build.__name__}.npz", **arrays)


# ------------------------------------------------------------------ encodings and findings


def save(path, tree, version="1.0.8", libver="earliest", **options):
    """Write nested dicts as a NIR file, without any of nir's checks."""

    def put(group, tree):
        for name, value in tree.items():
            if isinstance(value, dict):
                put(group.create_group(name), value)
            elif isinstance(value, str):
                group.create_dataset(name, data=value, dtype=h5py.string_dtype())
            elif isinstance(value, list):
                data = np.array(value, dtype=object) if value else np.array(value)
                group.create_dataset(name, data=data, dtype=h5py.string_dtype() if value else None)
            else:
                array = np.asarray(value)
                extra = options if array.ndim else {}
                group.create_dataset(name, data=array, **extra)

    with h5py.File(path, "w", libver=libver) as file:
        put(file, {"version": version, "node": tree})


def graph_of(nodes, edges=None):
    """Dicts of nodes and edges (a chain unless given) as the tree of a NIRGraph."""
    names = list(nodes)
    edges = [list(pair) for pair in (zip(names[:-1], names[1:]) if edges is None else edges)]
    return {"type": "NIRGraph", "nodes": nodes, "edges": edges}


def small(**changes):
    """A small network; a change replaces a node, None removes it."""
    nodes = {
        "input": {"type": "Input", "shape": np.array([3])},
        "fc": {
            "type": "Affine",
            "weight": np.array([[1.0, -2.0, 0.5], [0.25, 4.0, -1.0]]),
            "bias": np.array([0.5, -0.5]),
        },
        "lif": {
            "type": "LIF",
            "tau": np.array([1e-3, 2e-3]),
            "r": np.array([10.0, 20.0]),
            "v_leak": np.array([0.0, 0.0]),
            "v_threshold": np.array([1.0, 1.0]),
            "v_reset": np.array([0.0, 0.0]),
        },
        "output": {"type": "Output", "shape": np.array([2])},
    }
    nodes |= changes
    return {name: node for name, node in nodes.items() if node is not None}


def edit(name, **fields):
    """The small network with parameters of one node replaced, or removed by None."""
    nodes = small()
    nodes[name] |= fields
    nodes[name] = {key: value for key, value in nodes[name].items() if value is not None}
    return graph_of(nodes)


def cast(tree, dtype):
    return {
        key: cast(value, dtype)
        if isinstance(value, dict)
        else value.astype(dtype)
        if isinstance(value, np.ndarray) and value.dtype == np.float64 and key in ("weight", "bias")
        else value
        for key, value in tree.items()
    }


def make_encodings():
    folder = HERE / "encodings"
    folder.mkdir(exist_ok=True)
    plain = graph_of(small())
    save(folder / "plain.nir", plain)
    save(folder / "gzip9.nir", plain, compression="gzip", compression_opts=9)
    save(folder / "shuffled.nir", plain, compression="gzip", shuffle=True, fletcher32=True)
    save(folder / "latest_libver.nir", plain, libver="v110")
    save(folder / "half.nir", cast(plain, "<f2"))
    save(folder / "single_big_endian.nir", cast(plain, ">f4"))
    old = edit("lif", v_reset=None, v_leak=np.float64(0.0))
    save(folder / "without_v_reset.nir", old, version="0.2.0")
    whole = edit("lif", r=np.array([10, 20], dtype=">i2"), v_threshold=np.array([True, True]))
    save(folder / "integers_and_truth.nir", whole)
    shuffled = graph_of(small())
    shuffled["edges"].reverse()
    shuffled["metadata"] = {"note": "free text", "deep": {"number": 3}}
    save(folder / "edges_reversed.nir", shuffled)
    inner = graph_of({
        "in": {"type": "Input", "shape": np.array([3])},
        "fc": small()["fc"],
        "lif": small()["lif"],
        "out": {"type": "Output", "shape": np.array([2])},
    })
    outer = {"input": small()["input"], "inner": inner, "output": small()["output"]}
    save(folder / "as_subgraph.nir", graph_of(outer))


def window(kind, **changes):
    layer = {"type": kind, "stride": np.array([1, 1]), "padding": np.array([0, 0])}
    if kind == "Conv2d":
        layer |= {
            "weight": np.ones((2, 1, 2, 2)),
            "bias": np.zeros(2),
            "dilation": np.array([1, 1]),
            "groups": 1,
        }
    else:
        layer["kernel_size"] = np.array([2, 2])
    return layer | changes


def neuron(*shape):
    ones = np.ones(shape)
    return {"type": "IF", "r": ones, "v_threshold": ones, "v_reset": 0 * ones}


def spatial(layer, out):
    return graph_of({
        "input": {"type": "Input", "shape": np.array([1, 4, 4])},
        "layer": layer,
        "if": neuron(*out),
        "output": {"type": "Output", "shape": np.array(out)},
    })


def scale(value):
    return {"type": "Scale", "scale": np.full(2, value)}


def delay(*times):
    return {"type": "Delay", "delay": np.array(times)}


def around(*middle, edges=None):
    """A graph over two lines: input, the nodes in the middle, a neuron, output."""
    nodes = {"input": {"type": "Input", "shape": np.array([2])}}
    nodes |= dict(middle)
    nodes |= {"if": neuron(2), "output": {"type": "Output", "shape": np.array([2])}}
    return graph_of(nodes, edges)


def diamonds(count):
    """Parallel linear paths that double with every diamond."""
    nodes, edges, last = [], [], "input"
    for index in range(count):
        for side in ("a", "b"):
            nodes.append((f"{side}{index}", scale(0.5)))
            edges.append((last, f"{side}{index}"))
        nodes.append((f"c{index}", scale(1.0)))
        edges += [(f"a{index}", f"c{index}"), (f"b{index}", f"c{index}")]
        last = f"c{index}"
    return around(*nodes, edges=[*edges, (last, "if"), ("if", "output")])


def findings():
    """(name, tree) of files with one fault or oddity each."""
    yield "dangling_edge", graph_of(small(), [("input", "fc"), ("fc", "neuron"), ("lif", "output")])
    yield "wrong_shape", edit("input", shape=np.array([4]))
    yield "wrong_shape_same_count", edit("input", shape=np.array([3, 1, 1])) | {
        "nodes": small(input={"type": "Input", "shape": np.array([2, 3])}, fc=dict(
            small()["fc"], weight=np.ones((2, 6))))}
    yield "extents_of_one", edit("output", shape=np.array([1, 2, 1]))
    yield "nan_weight", edit("fc", weight=np.array([[1, 2, 3], [4, np.nan, 6]], dtype="f4"))
    yield "infinite_tau", edit("lif", tau=np.array([1e-3, np.inf]))
    yield "unknown_type", edit("lif", type="Izhikevich")
    yield "empty_network", graph_of({})
    yield "missing_weight", edit("fc", weight=None)
    yield "text_for_numbers", edit("fc", bias="none")
    yield "bias_length", edit("fc", bias=np.zeros(3))
    yield "vector_weight", edit("fc", weight=np.zeros(6))
    yield "parameter_lengths", edit("lif", tau=np.array([1e-3, 1e-3, 1e-3]))
    yield "slash_in_name", graph_of(small() | {"lif/rec": small()["lif"]})
    yield "odd_edges", graph_of(small()) | {"edges": ["input", "fc", "lif"]}
    yield "no_edges", graph_of(small(), [])
    yield "huge_shape", edit("input", shape=np.array([1 << 20, 1 << 20]))
    yield "fractional_shape", edit("input", shape=np.array([2.5]))
    yield "unknown_plane", graph_of({"pool": window("SumPool2d"), "if": neuron(1, 3, 3)})
    yield "kernel_too_large", spatial(window("Conv2d", weight=np.ones((2, 1, 5, 5))), (2, 1, 1))
    yield "groups", spatial(window("Conv2d", groups=3), (2, 3, 3))
    yield "same_with_stride", spatial(
        window("Conv2d", padding="same", stride=np.array([2, 2])), (2, 2, 2)
    )
    yield "padding_word", spatial(window("Conv2d", padding="reflect"), (2, 3, 3))
    yield "stride_zero", spatial(window("SumPool2d", stride=np.array([0, 1])), (1, 3, 3))
    yield "flat_signal", graph_of(small(fc=window("Conv2d")))
    yield "flatten_axes", spatial({"type": "Flatten", "start_dim": 1, "end_dim": 5}, (1, 16))
    yield "edge_into_input", graph_of(small(), [
        ("input", "fc"), ("fc", "lif"), ("lif", "output"), ("lif", "input")])
    yield "duplicate_edge", graph_of(small(), [
        ("input", "fc"), ("fc", "lif"), ("fc", "lif"), ("lif", "output")])
    two = graph_of(
        {"a": small()["input"], "b": small()["input"], "fc": small()["fc"],
         "out": small()["output"]},
        [("a", "fc"), ("b", "fc"), ("fc", "out")],
    )
    yield "two_ports", graph_of(small(fc=two))
    yield "no_ports", graph_of(small(input=None, output=None))
    yield "nothing_to_output", graph_of(small(), [("input", "fc"), ("fc", "lif")])
    yield "tau_zero", edit("lif", tau=np.array([1e-3, 0.0]))
    yield "tau_short", edit("lif", tau=np.array([2e-5, 1e-3]), r=np.array([0.2, 10.0]))
    yield "tau_in_milliseconds", edit("lif", tau=np.array([1.0, 2.0]), r=np.ones(2))
    yield "gain_of_if", around(edges=None) | {"nodes": dict(around()["nodes"], **{
        "if": neuron(2) | {"r": np.full(2, 1e4)}})}
    odd_weights = np.array([[0.617, -0.273, 0.839], [0.271, 1.337, -0.419]])
    yield "v_reset", graph_of(small(
        fc=small()["fc"] | {"weight": odd_weights, "bias": np.array([0.21, 0.33])},
        lif=small()["lif"] | {
            "tau": np.array([1e-3, 3e-4]), "r": np.array([10.0, 3.0]),
            "v_reset": np.array([0.0, -0.57]), "v_leak": np.array([0.1, -0.3]),
        },
    ))
    yield "threshold_at_reset", edit("lif", v_threshold=np.array([1.0, 0.0]))
    yield "linear_cycle", around(("a", scale(0.5)), ("b", scale(2.0)), edges=[
        ("input", "a"), ("a", "b"), ("b", "a"), ("b", "if"), ("if", "output")])
    yield "no_neurons", graph_of(small(lif=None))
    yield "linear_output", graph_of({
        "input": small()["input"], "fc": small()["fc"], "lif": small()["lif"],
        "head": {"type": "Linear", "weight": np.ones((1, 2))},
        "output": {"type": "Output", "shape": np.array([1])}})
    yield "delay_fraction", around(("wait", delay(1.5e-4, 1e-4)))
    yield "delay_negative", around(("wait", delay(1e-4, -1e-4)))
    yield "delay_endless", around(("wait", delay(1e-4, 1e6)))
    yield "delayed_bias", graph_of({
        "input": small()["input"], "fc": small()["fc"], "wait": delay(1e-4, 2e-4),
        "lif": small()["lif"], "output": small()["output"]})
    yield "overflow", around(("a", scale(1e200)), ("b", scale(1e200)))
    yield "diamonds", diamonds(11)
    deep = graph_of(small())
    for _ in range(16):
        deep = graph_of({"input": small()["input"], "inner": deep, "output": small()["output"]})
    yield "deep", deep


def make_findings():
    folder = HERE / "findings"
    folder.mkdir(exist_ok=True)
    for name, tree in findings():
        save(folder / f"{name}.nir", tree, libver="v110")
    (folder / "not_hdf5.nir").write_text("a network, honestly\n")
    whole = (HERE / "encodings" / "plain.nir").read_bytes()
    (folder / "cut_off.nir").write_bytes(whole[: len(whole) // 2])
    save(folder / "lzf.nir", graph_of(small()), libver="v110", compression="lzf")
    with h5py.File(folder / "no_node_group.nir", "w") as file:
        file["weights"] = np.zeros(3)
    # Extents whose data was never written, so that a small file claims 8 TiB.
    save(folder / "hostile_extents.nir", edit("fc", weight=None), libver="v110")
    with h5py.File(folder / "hostile_extents.nir", "a") as file:
        file["node/nodes/fc"].create_dataset("weight", (1 << 20, 1 << 20), "f8", chunks=(64, 64))
    # A group that contains itself.
    save(folder / "endless.nir", graph_of(small()), libver="v110")
    with h5py.File(folder / "endless.nir", "a") as file:
        file["node/nodes/again"] = file["node"]


if __name__ == "__main__":
    make_good()
    make_encodings()
    make_findings()
