"""Train the convolutional digits network.

    1x8x8 - conv 3x3 (12) - LIF - average pool - conv 3x3 (24) - LIF - average pool - 10 LIF

    pip install -r ../requirements.txt
    python train.py

Writes digits_conv.nir, test.npz and expected.npz next to this file (a few
minutes on one core). Pixels become spikes by a Bernoulli rate code of 16 steps.
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

STEPS = 16


def encode(images):
    """Images [N, 8, 8] to spikes [N, STEPS, 1, 8, 8]."""
    rates = images[:, None, None].expand(-1, STEPS, -1, -1, -1)
    return torch.bernoulli(rates.clamp(0, 1))


def build():
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 12, 3, padding=1),
            lif1=snn.Leaky(**common.neuron_options(12, 8, 8)),
            pool1=nn.AvgPool2d((2, 2)),
            conv2=nn.Conv2d(12, 24, 3, padding=1),
            lif2=snn.Leaky(**common.neuron_options(24, 4, 4)),
            pool2=nn.AvgPool2d((2, 2)),
            flat=nn.Flatten(),
            fc=nn.Linear(96, common.CLASSES),
            lif3=snn.Leaky(**common.neuron_options(common.CLASSES)),
        )
    )


if __name__ == "__main__":
    common.seed_everything(1)
    net = build()
    common.train(net, encode, epochs=100, lr=6e-3, rate_penalty=0.2)
    common.to_double(net)
    # The exporter needs a batch dimension to run the network and must be told to drop it.
    sample = torch.zeros(1, 1, 8, 8, dtype=torch.float64)
    graph = export_to_nir(net, sample, ignore_dims=[0])
    common.record(FOLDER, net, graph, encode, required=0.93)
