"""Writes the Lava network files of this folder, good and bad, and what the good ones compute.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 h5py==3.16.0
    venv/bin/python make.py

The files have the layout that Lava-DL's export_hdf5() writes (lava-dl, slayer/block/base.py): one
group a layer, types as fixed-length strings, weights as float32 that hold integers, convolutions
with a fifth axis. Networks and stimuli are random; nothing of them was trained or measured.

What the good ones compute is worked out here in NumPy, synapse by synapse and step by step, from
the published meaning of the fields: in step t a layer reads what its sources sent in step t - 1,
less the delay of the source's axon; before its phase (its depth) a layer is held at reset.
"""

import os

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 24


def cuba(i_decay=2048, v_decay=400, vth=110, **more):
    return {"type": "CUBA", "iDecay": i_decay, "vDecay": v_decay, "vThMant": vth,
            "refDelay": 1, "gradedSpike": False, **more}


def sdnn(vth=1, activation="relu", **more):
    return {"type": "SDNN", "activation": activation, "vThMant": vth, **more}


def resonator(kind, sin=1204, cos=3200, vth=6):
    return {"type": kind, "sinDecay": sin, "cosDecay": cos, "vThMant": vth, "gradedSpike": False}


def write(path, layers, libver="earliest"):
    """Writes a list of dictionaries as layers; numbers may be given as names for gaps."""
    with h5py.File(path, "w", libver=libver) as f:
        for number, layer in enumerate(layers):
            group = f.create_group(f"layer/{layer.get('number', number)}")
            for key, value in layer.items():
                if key == "number":
                    continue
                if key == "type":
                    text = np.bytes_(value.encode("ascii"))
                    group.create_dataset("type", (1,), "S10", [text])
                elif key == "neuron":
                    for name, part in value.items():
                        group.create_dataset(f"neuron/{name}", data=part)
                elif key == "weight" and isinstance(value, dict):
                    for name, part in value.items():
                        group.create_dataset(f"weight/{name}", data=np.float32(part))
                elif key in ("weight", "weight_rec"):
                    packed = "gzip" if np.size(value) > 4096 else None
                    group.create_dataset(key, data=np.float32(value), compression=packed)
                else:
                    group.create_dataset(key, data=value)
        f.create_dataset("simulation/Ts", data=1)
        f.create_dataset("simulation/tSample", data=STEPS)


# What the layers compute.


def decay(x, d):
    return np.sign(x) * ((np.abs(x) * (4096 - d)) >> 12)


def toward_zero(x, bits):
    return np.sign(x) * (np.abs(x) >> bits)


def each(value, shape):
    """One value for all, one a channel or one a neuron, spread over the neurons."""
    value = np.asarray(value, dtype=np.int64).reshape(-1)
    count = int(np.prod(shape))
    if len(value) == shape[0] and count != shape[0]:
        return np.repeat(value, count // shape[0])
    return np.broadcast_to(value, (count,)).copy()


class Cuba:
    def __init__(self, layer, reset):
        n, shape = layer["neuron"], layer["shape"]
        self.i, self.v, self.vth = (each(n[k], shape) for k in ("iDecay", "vDecay", "vThMant"))
        self.shift = 6 + n.get("wgtExp", 0)
        self.bias = each(layer.get("bias", 0), shape)
        self.state = np.zeros((2, int(np.prod(shape))), dtype=np.int64)
        self.reset, self.age = reset, 0

    def step(self, a, _):
        if self.reset and self.age % self.reset == 0:
            self.state[:] = 0
        self.age += 1
        u, v = self.state
        u = decay(u, self.i) + (a << self.shift)
        v = decay(v, self.v) + u + 64 * self.bias
        spikes = v > 64 * self.vth
        self.state = np.stack([u, np.where(spikes, 0, v)])
        return spikes.astype(np.int64)


class Delta:
    def __init__(self, layer, _):
        count = int(np.prod(layer["shape"]))
        self.vth = each(layer["neuron"]["vThMant"], layer["shape"]) << 12
        self.act, self.residue = np.zeros((2, count), dtype=np.int64)

    def step(self, a, _):
        return self.send(a << 12)

    def send(self, new):
        delta = new - self.act + self.residue
        self.act = new
        sends = np.abs(delta) >= self.vth
        self.residue = np.where(sends, 0, delta)
        return np.where(sends, delta, 0) >> 6


class SigmaDelta(Delta):
    def __init__(self, layer, reset):
        super().__init__(layer, reset)
        self.sigma = np.zeros_like(self.act)
        self.bias = each(layer.get("bias", 0), layer["shape"]) << 12
        self.relu = layer["neuron"]["activation"] == "relu"

    def step(self, a, _):
        self.sigma = self.sigma + a
        new = self.sigma + self.bias
        return self.send(np.maximum(new, 0) if self.relu else new)


class Sigma:
    def __init__(self, layer, _):
        self.sigma = np.zeros(int(np.prod(layer["shape"])), dtype=np.int64)

    def step(self, a, _):
        self.sigma = self.sigma + a
        return self.sigma


class Resonator:
    def __init__(self, layer, _):
        n, shape = layer["neuron"], layer["shape"]
        self.sin, self.cos = each(n["sinDecay"], shape), each(n["cosDecay"], shape)
        self.vth = each(n["vThMant"], shape) << 6
        self.re, self.im = np.zeros((2, int(np.prod(shape))), dtype=np.int64)
        self.phase = n["type"] == "RF_PHASE"

    def step(self, a_re, a_im):
        turn = lambda x: toward_zero(x, 12)
        re = turn(self.cos * self.re) - turn(self.sin * self.im) + (a_re << 6)
        im = turn(self.sin * self.re) + turn(self.cos * self.im) + (a_im << 6)
        if self.phase:
            spikes = (re >= self.vth) & (im >= 0) & (self.im < 0)
        else:
            spikes = im >= self.vth
            re, im = np.where(spikes, 0, re), np.where(spikes, self.vth - 1, im)
        self.re, self.im = re, im
        return spikes.astype(np.int64)


def neurons_of(layer, reset, first):
    kind = layer["neuron"]["type"]
    if kind in ("CUBA", "LOIHI"):
        return Cuba(layer, reset)
    if kind == "SDNN":
        if "sigma_output" in layer["neuron"]:
            return Sigma(layer, reset)
        return Delta(layer, reset) if first else SigmaDelta(layer, reset)
    return Resonator(layer, reset)


def convolve(x, kernel, layer, groups):
    """Cross-correlation of planes, written as its definition."""
    stride, padding, dilation = (pair(layer.get(k, d)) for k, d in
                                 (("stride", 1), ("padding", 0), ("dilation", 1)))
    out_c, rows, columns = layer["shape"]
    y = np.zeros((out_c, rows, columns), dtype=x.dtype)
    per = x.shape[0] // groups
    for o in range(out_c):
        for i in range(per):
            c = o // (out_c // groups) * per + i
            for r in range(rows):
                for q in range(columns):
                    for a in range(kernel.shape[2]):
                        for b in range(kernel.shape[3]):
                            yy = r * stride[0] + a * dilation[0] - padding[0]
                            xx = q * stride[1] + b * dilation[1] - padding[1]
                            if 0 <= yy < x.shape[1] and 0 <= xx < x.shape[2]:
                                y[o, r, q] += kernel[o, i, a, b] * x[c, yy, xx]
    return y


def pair(value):
    return (value, value) if np.isscalar(value) else tuple(value)


def drive(layer, weight, x):
    """What the synapses of a layer add, for what its sources sent; whole behind averages too."""
    y = products(layer, weight, x)
    assert np.allclose(y, np.rint(y), atol=1e-6), "a fraction"
    return np.rint(y).astype(np.int64)


def products(layer, weight, x):
    weight = np.asarray(weight, dtype=np.int64)
    if layer["type"] == "conv":
        return convolve(x, weight.reshape(weight.shape[:4]), layer, layer.get("groups", 1)).ravel()
    if layer["type"] == "pool":
        taps = weight.reshape(weight.shape[-3:-1] if weight.ndim == 5 else weight.shape[-2:])
        kernel = np.broadcast_to(taps, (x.shape[0], 1, *taps.shape))
        layer = {"stride": layer["kernelSize"], **layer}
        return convolve(x, kernel, layer, x.shape[0]).ravel()
    return weight.reshape(int(np.prod(layer["shape"])), -1) @ x.ravel()


def simulate(layers, stimulus, reset=None):
    """What each layer with neurons sends in each step, by its name."""
    steps = len(stimulus)
    shape = layers[0]["shape"]
    # Each entry: extents, depth, delays of the axons, what was sent by step.
    signals, sent, depth = [], {}, 0
    units = {}
    for number, layer in enumerate(layers):
        if "neuron" in layer:
            units[number] = neurons_of(layer, reset, number == 0)
    depths = {}
    for number, layer in enumerate(layers):
        kind = layer["type"]
        before = max((depths[s] for s in sources(layers, number)), default=0)
        depths[number] = before + (1 if "neuron" in layer else 0)
    total = steps + max(depths.values())
    outputs = {n: np.zeros((total, int(np.prod(layers[n]["shape"]))), dtype=np.int64)
               for n in units}
    for t in range(total):
        for number, unit in units.items():
            layer = layers[number]
            if t < depths[number]:
                continue
            if number == 0:
                x = stimulus[t - 1] if 0 <= t - 1 < steps else np.zeros(shape, dtype=np.int64)
                a = layer.get("weight", 64) * x.ravel()
                outputs[number][t] = unit.step(a, None)
                continue
            x = received(layers, outputs, stimulus, number - 1, t - 1)
            if isinstance(layer["weight"], dict):
                sums = [drive(layer, layer["weight"][part], x) for part in ("real", "imag")]
            else:
                sums = [drive(layer, layer["weight"], x), None]
            if "weight_rec" in layer:
                own = delayed(layer, outputs[number], t - 1)
                sums[0] = sums[0] + np.asarray(layer["weight_rec"], dtype=np.int64) @ own
            outputs[number][t] = unit.step(*sums)
    return {f"{layers[n]['type']}{n}": out for n, out in outputs.items()}


def sources(layers, number):
    if number == 0:
        return []
    before = [number - 1]
    return before + list(layers[number].get("layers", []))


def delayed(layer, outputs, t):
    """What the axons of a layer let go in step t."""
    delays = each(layer.get("delay", 0), layer["shape"])
    count = np.arange(len(delays))
    at = t - delays
    return np.where(at >= 0, outputs[np.maximum(at, 0), count], 0)


def received(layers, outputs, stimulus, number, t):
    """What layer `number` lets go in step t, with its shape."""
    layer = layers[number]
    kind = layer["type"]
    if t < 0:
        x = np.zeros(size(layers, number), dtype=np.int64)
    elif number in outputs:
        x = delayed(layer, outputs[number], t)
    elif kind == "input":
        x = stimulus[t].ravel() if t < len(stimulus) else np.zeros(size(layers, number), int)
    elif kind == "flatten":
        x = received(layers, outputs, stimulus, number - 1, t).ravel()
    elif kind == "average":
        x = received(layers, outputs, stimulus, number - 1, t)
        return x.reshape(layer["shape"][0], -1).mean(axis=1).reshape(extents(layers, number))
    else:
        parts = [received(layers, outputs, stimulus, s, t) for s in sources(layers, number)]
        return np.concatenate(parts, axis=0)
    return x.reshape(extents(layers, number))


def extents(layers, number):
    layer = layers[number]
    if layer["type"] == "concat":
        shapes = [extents(layers, s) for s in sources(layers, number)]
        return (sum(s[0] for s in shapes), *shapes[0][1:])
    if layer["type"] in ("flatten", "dense", "dense_rec"):
        return (int(np.prod(layer["shape"])),)
    return tuple(layer["shape"])


def size(layers, number):
    return int(np.prod(extents(layers, number)))


# The good networks.


class Maker:
    def __init__(self, seed):
        self.rng = np.random.RandomState(seed)

    def even(self, *shape, scale=20):
        return 2 * self.rng.randint(-(scale * 2) // 3, scale, shape)

    def spikes(self, shape, rate=0.35, steps=STEPS):
        return (self.rng.rand(steps, *shape) < rate).astype(np.int64)

    def inputs(self, *shape):
        return {"type": "input", "shape": list(shape)}

    def dense(self, inputs, outputs, kind="dense", scale=20, **more):
        layer = {"type": kind, "shape": [outputs, 1, 1], "inFeatures": inputs,
                 "outFeatures": outputs, "neuron": cuba(), **more}
        layer.setdefault("weight", self.even(outputs, inputs, scale=scale))
        return layer

    def conv(self, inputs, shape, kernel, groups=1, **more):
        weight = self.even(shape[0], inputs // groups, *kernel)[..., None]
        return {"type": "conv", "shape": list(shape), "inChannels": inputs,
                "outChannels": shape[0], "kernelSize": list(kernel), "stride": [1, 1],
                "padding": [0, 0], "dilation": [1, 1], "groups": groups, "weight": weight,
                "neuron": cuba(), **more}


def good():
    nets = {}

    m = Maker(1)
    nets["dense"] = ([
        m.inputs(12, 1, 1),
        m.dense(12, 9, bias=m.rng.randint(-3, 8, 9), neuron=cuba(1900, 300, 90)),
        # Odd weights of both signs: a list for each sign.
        m.dense(9, 5, weight=m.rng.randint(-90, 200, (5, 9)), neuron=cuba(4096, 900, 300)),
    ], m.spikes((12, 1, 1)))

    m = Maker(2)
    nets["conv"] = ([
        m.inputs(2, 7, 6),
        m.conv(2, (3, 4, 4), (3, 2), stride=[2, 1], padding=[1, 0], dilation=[1, 2],
               bias=np.array([2, 0, -1]), neuron=cuba(2500, 400, 90)),
        {"type": "pool", "shape": [3, 2, 2], "kernelSize": [2, 2], "stride": [2, 2],
         "padding": [0, 0], "dilation": [1, 1], "weight": 2 * np.array([5, 6, 7, 9]).reshape(1, 1, 2, 2, 1),
         "neuron": cuba(4096, 4095, 12)},
        {"type": "flatten", "shape": [12, 1, 1]},
        m.dense(12, 4, scale=60),
    ], m.spikes((2, 7, 6)))

    m = Maker(3)
    nets["groups"] = ([
        m.inputs(4, 5, 5),
        m.conv(4, (6, 5, 5), (3, 3), groups=2, padding=[1, 1],
               neuron=dict(cuba(2700, 300, 300, wgtExp=1), type="LOIHI")),
        m.conv(6, (2, 3, 3), (3, 3)),
    ], m.spikes((4, 5, 5), 0.3))

    m = Maker(4)
    nets["delays"] = ([
        m.inputs(2, 4, 4),
        m.conv(2, (3, 4, 4), (3, 3), padding=[1, 1], delay=np.array([0, 3, 7]),
               neuron=cuba(2024, 428, 70)),
        {"type": "flatten", "shape": [48, 1, 1]},
        m.dense(48, 8, delay=m.rng.randint(0, 6, 8), scale=14),
        m.dense(8, 4, delay=np.array(2), scale=60),
    ], m.spikes((2, 4, 4)))

    m = Maker(5)
    nets["concat"] = ([
        m.inputs(6, 1, 1),
        m.dense(6, 5, scale=50),
        m.dense(5, 4, scale=60),
        {"type": "concat", "shape": [9, 1, 1], "layers": [1]},
        m.dense(9, 4, scale=60),
    ], m.spikes((6, 1, 1), 0.5))

    m = Maker(6)
    nets["concat_conv"] = ([
        m.inputs(2, 5, 4),
        m.conv(2, (3, 5, 4), (3, 3), padding=[1, 1], neuron=cuba(2024, 428, 120)),
        m.conv(3, (2, 5, 4), (1, 3), padding=[0, 1], neuron=cuba(2024, 428, 25)),
        {"type": "concat", "shape": [5, 5, 4], "layers": [1]},
        m.conv(5, (3, 4, 3), (2, 2), neuron=cuba(2048, 528, 130)),
    ], m.spikes((2, 5, 4)))

    m = Maker(7)
    nets["recurrent"] = ([
        m.inputs(8, 1, 1),
        m.dense(8, 10, kind="dense_rec", scale=40, weight_rec=m.even(10, 10, scale=12)),
        m.dense(10, 3, scale=50),
    ], m.spikes((8, 1, 1)))

    m = Maker(8)
    values = m.rng.randint(-3, 4, (STEPS, 5, 1, 1)).cumsum(axis=0).clip(-20, 20)
    nets["sdnn"] = ([
        {**m.inputs(5, 1, 1), "neuron": sdnn(60), "weight": 32},
        m.dense(5, 7, scale=12, bias=m.rng.randint(-5, 40, 7), neuron=sdnn(20)),
        m.dense(7, 4, scale=8, neuron=sdnn(25, "identity")),
        m.dense(4, 3, scale=6, neuron=sdnn(1, sigma_output=True)),
    ], values)

    m = Maker(9)
    part = lambda o, i: {"real": m.even(o, i, scale=16), "imag": m.even(o, i, scale=16)}
    nets["resonators"] = ([
        m.inputs(6, 1, 1),
        m.dense(6, 8, weight=part(8, 6), neuron=resonator("RF_PHASE")),
        m.dense(8, 6, weight=part(6, 8),
                neuron=resonator("RF_IZ", sin=np.array([900, 1200, 1500, 1800, 2100, 2400]))),
        m.dense(6, 3, scale=80),
    ], m.spikes((6, 1, 1), 0.6))

    m = Maker(10)
    nets["no_input"] = ([
        m.dense(7, 4, scale=40),
        m.dense(4, 3, scale=60),
    ], m.spikes((7, 1, 1)))

    m = Maker(13)
    nets["average"] = ([
        m.inputs(2, 4, 4),
        m.conv(2, (3, 4, 4), (3, 3), padding=[1, 1], neuron=cuba(2024, 428, 70)),
        # Six groups of eight, then three of four: neighbours across rows, never across channels.
        {"type": "average", "shape": [6, 1, 1]},
        m.dense(6, 8, weight=8 * m.rng.randint(-30, 60, (8, 6)), neuron=cuba(2024, 428, 60)),
        {"type": "average", "shape": [4, 1, 1]},
        m.conv(4, (2, 1, 1), (1, 1), weight=2 * m.even(2, 4, 1, 1, scale=60)[..., None],
               neuron=cuba(2024, 428, 40)),
        # Averages of averages, of two populations.
        {"type": "concat", "shape": [6, 1, 1], "layers": [4]},
        {"type": "average", "shape": [3, 1, 1]},
        m.dense(3, 4, weight=8 * m.rng.randint(-15, 30, (4, 3)), neuron=cuba(2024, 428, 30)),
    ], m.spikes((2, 4, 4)))

    m = Maker(14)
    nets["concat_groups"] = ([
        m.inputs(2, 5, 4),
        m.conv(2, (4, 5, 4), (3, 3), padding=[1, 1], neuron=cuba(2024, 428, 90)),
        m.conv(4, (2, 5, 4), (1, 3), padding=[0, 1], neuron=cuba(2024, 428, 25)),
        {"type": "concat", "shape": [6, 5, 4], "layers": [1]},
        # Groups of three channels: the first has both of layer 2 and one of layer 1.
        m.conv(6, (4, 4, 3), (2, 2), groups=2, neuron=cuba(2048, 528, 50)),
        {"type": "pool", "shape": [4, 2, 3], "kernelSize": [2, 1], "stride": [2, 1],
         "padding": [0, 0], "dilation": [1, 1],
         "weight": 2 * np.array([15, 21]).reshape(1, 1, 2, 1, 1), "neuron": cuba(4096, 4000, 20)},
        m.conv(4, (3, 2, 3), (1, 1), neuron=cuba(2048, 528, 20)),
        {"type": "concat", "shape": [7, 2, 3], "layers": [5]},
        {"type": "pool", "shape": [7, 1, 3], "kernelSize": [2, 1], "stride": [2, 1],
         "padding": [0, 0], "dilation": [1, 1], "weight": np.full((1, 1, 2, 1, 1), 40),
         "neuron": cuba(4096, 4000, 20)},
    ], m.spikes((2, 5, 4)))

    m = Maker(15)
    nets["decays"] = ([
        m.inputs(8, 1, 1),
        # Without loss, with the least loss, and with all of it, side by side.
        m.dense(8, 6, scale=8, neuron=cuba(np.array([0, 1, 4095, 4096, 0, 700]), 300, 200)),
        m.dense(6, 4, scale=50, neuron={**cuba(), "gradedSpike": True}),
    ], m.spikes((8, 1, 1), 0.3))
    return nets


def large():
    """Nine layers with more than 100,000 neurons, and few weights: kernels are shared."""
    m = Maker(12)
    layers, channels = [m.inputs(2, 64, 64)], 2
    planes = [(16, 32, 2), (16, 32, 1), (24, 32, 1), (28, 32, 1), (32, 16, 2), (32, 16, 1),
              (8, 8, 2), (8, 4, 2)]
    for outputs, extent, stride in planes:
        layers.append(m.conv(channels, (outputs, extent, extent), (3, 3), padding=[1, 1],
                             stride=[stride, stride]))
        channels = outputs
    layers += [{"type": "flatten", "shape": [128, 1, 1]}, m.dense(128, 10)]
    write(os.path.join(HERE, "good", "large.net"), layers, "latest")


def main():
    large()
    for name, (layers, stimulus) in good().items():
        write(os.path.join(HERE, "good", f"{name}.net"), layers)
        if layers[0]["type"] != "input":
            # The importer puts the missing input before it.
            first = {"type": "input", "shape": list(stimulus.shape[1:])}
            renamed = simulate([first] + layers, stimulus)
            sent = {f"dense{n}": renamed[f"dense{n + 1}"] for n in range(len(layers))}
        else:
            sent = simulate(layers, stimulus)
        arrays = {f"sent.{layer}": out for layer, out in sent.items()}
        rates = {layer: round(float((out != 0).mean()), 3) for layer, out in sent.items()}
        print(name, rates)
        assert all(rate > 0.02 for rate in rates.values()), "a silent layer tests nothing"
        arrays["stimulus"] = stimulus.reshape(len(stimulus), -1)
        np.savez_compressed(os.path.join(HERE, "good", f"{name}.npz"), **arrays)
    # One long sample with periodic resets.
    layers, _ = good()["conv"]
    stimulus = Maker(11).spikes((2, 7, 6), steps=3 * STEPS)
    arrays = {f"sent.{layer}": out for layer, out in simulate(layers, stimulus, STEPS).items()}
    arrays["stimulus"] = stimulus.reshape(len(stimulus), -1)
    np.savez_compressed(os.path.join(HERE, "good", "conv_reset.npz"), **arrays)
    findings()


def findings():
    """Files that differ from a good one in one thing."""
    m = Maker(20)
    base = lambda: [m.inputs(3, 1, 1), m.dense(3, 4), m.dense(4, 2)]
    planes = lambda **more: [m.inputs(2, 5, 5), {**m.conv(2, (3, 3, 3), (3, 3)), **more}]

    def save(name, layers):
        write(os.path.join(HERE, "findings", f"{name}.net"), layers, "latest")

    def changed(number, **more):
        layers = base()
        layers[number].update(more)
        return layers

    fraction = np.full((4, 3), 2.0)
    fraction[1, 2] = 2.5
    save("weight_fraction", changed(1, weight=fraction))
    save("weight_not_finite", changed(1, weight=np.where(fraction == 2.5, np.nan, 2.0)))
    save("weight_count", changed(1, weight=np.ones((4, 5))))
    save("weight_range", changed(1, weight=np.full((4, 3), 2.0) + np.eye(4, 3) * 99999))
    save("layer_missing", [{**layer, "number": number} for number, layer in zip((0, 1, 3), base())])
    save("layer_name", [{**layer, "number": number} for number, layer in zip((0, 1, "02"), base())])
    save("layer_type", changed(2, type="convT"))
    save("neuron_type", changed(1, neuron={"type": "ALIF", "vThMant": 3}))
    layers = base()
    del layers[1]["neuron"]
    save("neuron_missing", layers)
    neuron = cuba()
    del neuron["vDecay"]
    save("register_missing", changed(1, neuron=neuron))
    save("register_range", changed(1, neuron=cuba(vth=200000)))
    save("register_fraction", changed(1, neuron=cuba(v_decay=12.5)))
    save("register_count", changed(1, neuron=cuba(vth=np.arange(3))))
    save("graded_cuba", changed(1, neuron={**cuba(), "gradedSpike": True}))
    save("activation", changed(1, neuron=sdnn(1, "tanh")))
    save("imaginary_missing", changed(1, neuron=resonator("RF_IZ")))
    save("resonator_bias", changed(1, neuron=resonator("RF_IZ"), bias=np.ones(4),
                                   weight={"real": np.ones((4, 3)), "imag": np.ones((4, 3))}))
    save("delay_negative", changed(1, delay=np.array([0, 1, -1, 2])))
    save("delay_long", changed(1, delay=np.array([0, 1, 64, 2])))
    save("conv_first", planes()[1:])
    save("conv_shape", planes(shape=[3, 4, 3]))
    save("conv_groups", planes(groups=4))
    save("conv_padding", planes(shape=[3, 1, 1], dilation=[9, 9]))
    save("concat_later", base()[:2] + [{"type": "concat", "shape": [6], "layers": [2]}] + base()[2:])
    save("concat_planes", planes() + [{"type": "concat", "shape": [6], "layers": [0]}])
    averaged = lambda groups, weight: base()[:2] + [
        {"type": "average", "shape": [groups, 1, 1]}, m.dense(groups, 2, weight=weight)]
    save("average_fraction", averaged(2, np.array([[4, 6], [5, 8]])))
    save("average_groups", averaged(3, np.full((2, 3), 4)))
    save("average_last", base() + [{"type": "average", "shape": [2, 1, 1]}])
    save("no_neurons", base()[:1])
    with h5py.File(os.path.join(HERE, "findings", "no_layers.net"), "w") as f:
        f.create_group("node")
    with open(os.path.join(HERE, "findings", "not_hdf5.net"), "wb") as f:
        f.write(b"layer: dense\n")
    path = os.path.join(HERE, "findings", "cut_off.net")
    write(path, base(), "latest")
    with open(path, "rb") as f:
        whole = f.read()
    with open(path, "wb") as f:
        f.write(whole[: len(whole) // 2])


if __name__ == "__main__":
    main()
