"""Train the recurrent digits network: 16 - 96 recurrent LIF - 10 LIF.

    pip install -r ../requirements.txt
    python train.py

Writes digits_recurrent.nir, test.npz and expected.npz next to this file (a few
minutes on one core). The image is shown row by row from the top, four steps per
row, so the network must remember what it saw. Every column has an ON input
(spikes for bright pixels) and an OFF input (spikes for dark ones).
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

STEPS_PER_ROW = 4
HIDDEN = 96


def encode(images):
    """Images [N, 8, 8] to spikes [N, 32, 16]: inputs 0..7 are ON, 8..15 OFF."""
    rates = torch.cat([images, 1 - images], dim=2).repeat_interleave(STEPS_PER_ROW, dim=1)
    return torch.bernoulli(rates.clamp(0, 1))


def build():
    return nn.Sequential(
        OrderedDict(
            fc1=nn.Linear(16, HIDDEN),
            lif1=snn.RLeaky(linear_features=HIDDEN, **common.neuron_options(HIDDEN)),
            fc2=nn.Linear(HIDDEN, common.CLASSES),
            lif2=snn.Leaky(**common.neuron_options(common.CLASSES)),
        )
    )


if __name__ == "__main__":
    common.seed_everything(1)
    net = build()
    common.train(net, encode, epochs=100, lr=4e-3, rate_penalty=0.5)
    common.to_double(net)
    graph = export_to_nir(net, torch.zeros(16, dtype=torch.float64))
    common.record(FOLDER, net, graph, encode, required=0.85)
