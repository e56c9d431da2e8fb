"""Make sha_rnn.npz: a tiny SHA-RNN run by the code it was released with (Smerity/sha-rnn).

    git clone https://github.com/Smerity/sha-rnn
    python tests/golden/make_sha_rnn.py sha-rnn

Needs torch 2; made with 2.15. One thing is replaced: apex's fused layer norm, by torch's, which
computes the same. The file holds

    config                  JSON text of what the model was given; positions is its window
    weights/<name>          the state dict, with what the forward pass never reads
    token_ids               [segments, batch, length]
    logits                  [segments, batch, length, vocabulary]
    memory                  [batch, positions, hidden] of the attending layer after the last segment
    hidden, cell            [layers, batch, hidden] after the last segment

A segment sees `positions - length` remembered states: the original cuts its memory twice.
"""

import sys
import types

import numpy as np
import torch
from arrays import case_arrays, randomise, save

SEGMENTS, BATCH, LENGTH, POSITIONS = 4, 2, 5, 12
MODEL = {"ntoken": 37, "ninp": 16, "nhid": 48, "nlayers": 4}


def original(folder):
    """The module `model` of the released code."""
    names = ("apex", "apex.normalization", "apex.normalization.fused_layer_norm")
    for name in names:
        sys.modules[name] = types.ModuleType(name)
    sys.modules[names[-1]].FusedLayerNorm = torch.nn.LayerNorm
    sys.path.insert(0, folder)
    import model

    return model


@torch.no_grad()
def main():
    released = original(sys.argv.pop(1))
    rng = np.random.default_rng(0)
    model = released.SHARNN("LSTM", **MODEL, tie_weights=True).eval()
    model.num_max_positions, model.pos_emb = POSITIONS, [0] * POSITIONS
    randomise(model, rng, scale=0.4)
    token_ids = rng.integers(0, MODEL["ntoken"], (SEGMENTS, BATCH, LENGTH)).astype("int32")
    hidden, memory, logits = None, None, []
    for segment in token_ids:
        ids = torch.tensor(segment.T, dtype=torch.long)
        out, hidden, memory = model(ids, hidden=hidden, mems=memory, return_h=False)
        logits.append(model.decoder(out).transpose(0, 1).numpy())
    attending = MODEL["nlayers"] - 2
    config = {**MODEL, "positions": POSITIONS, "length": LENGTH}
    arrays = case_arrays(
        config,
        model.state_dict(),
        token_ids=token_ids,
        logits=np.stack(logits),
        memory=memory[attending].transpose(0, 1).numpy(),
        hidden=np.stack([layer[0][0].numpy() for layer in hidden]),
        cell=np.stack([layer[1][0].numpy() for layer in hidden]),
    )
    save(__file__, arrays)


if __name__ == "__main__":
    main()
