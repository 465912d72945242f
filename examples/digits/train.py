"""Train the feed-forward digits network: 64 - 96 LIF - 10 LIF.

    pip install -r ../requirements.txt
    python train.py

Writes digits.nir, test.npz and expected.npz next to this file (about a minute
on one core). Pixels become spikes by a Bernoulli rate code: in each of 20 steps
a pixel spikes with a probability equal to its brightness.
"""

import sys
from collections import OrderedDict
from pathlib import Path

import snntorch as snn
import torch
from snntorch.export_nir import export_to_nir
from torch import nn

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
import common  # noqa: E402

STEPS = 20
HIDDEN = 96


def encode(images):
    """Images [N, 8, 8] to spikes [N, STEPS, 64]."""
    rates = images.flatten(1)[:, None].expand(-1, STEPS, -1)
    return torch.bernoulli(rates.clamp(0, 1))


def build():
    return nn.Sequential(
        OrderedDict(
            fc1=nn.Linear(64, HIDDEN),
            lif1=snn.Leaky(**common.neuron_options(HIDDEN)),
            fc2=nn.Linear(HIDDEN, common.CLASSES),
            lif2=snn.Leaky(**common.neuron_options(common.CLASSES)),
        )
    )


if __name__ == "__main__":
    common.seed_everything(1)
    net = build()
    common.train(net, encode, epochs=80, rate_penalty=1.0)
    common.to_double(net)
    graph = export_to_nir(net, torch.zeros(64, dtype=torch.float64))
    common.record(FOLDER, net, graph, encode, required=0.95)
