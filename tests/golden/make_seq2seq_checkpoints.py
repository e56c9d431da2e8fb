"""Small random encoder-decoders of Hugging Face, and what the originals answer.

    pip install torch "transformers==4.35.2" "numpy<2"
    python tests/golden/make_seq2seq_checkpoints.py tests/golden/checkpoints

Made as by make_checkpoints.py; `encoder_…` are the inputs of the encoder.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from arrays import randomise

VOCABULARY = 37
SIZES = {
    "vocab_size": VOCABULARY,
    "d_model": 12,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "encoder_attention_heads": 3,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 20,
    "decoder_ffn_dim": 14,
    "max_position_embeddings": 32,
    "pad_token_id": 36,
    "eos_token_id": 0,
}
MARIAN = {**SIZES, "decoder_vocab_size": VOCABULARY, "decoder_start_token_id": 36}
PEGASUS = {**SIZES, "max_position_embeddings": 64, "block_size": 4, "num_random_blocks": 1}
PEGASUS_HEAD = "BigBirdPegasusForConditionalGeneration"
CASES = {
    "marian_0": ("MarianMTModel", MARIAN, 11),
    "marian_1": (
        "MarianMTModel",
        {**MARIAN, "activation_function": "swish", "scale_embedding": True, "decoder_layers": 2},
        11,
    ),
    "bigbird_pegasus_0": (PEGASUS_HEAD, PEGASUS, 40),
    "bigbird_pegasus_1": (PEGASUS_HEAD, {**PEGASUS, "use_bias": True, "block_size": 2}, 33),
    "bigbird_pegasus_2": (
        PEGASUS_HEAD,
        {**PEGASUS, "attention_type": "original_full", "scale_embedding": False},
        21,
    ),
}


def make(name, fields, length):
    kind = getattr(transformers, name)
    model = kind(kind.config_class(**fields)).eval()
    draw = np.random.default_rng(0)
    sines = [p for n, p in model.named_parameters() if not p.requires_grad]
    kept = [p.clone() for p in sines]
    randomise(model, draw, 0.4)
    for parameter, value in zip(sines, kept):
        parameter.data = value.data
    model.final_logits_bias.copy_(torch.tensor(draw.normal(size=(1, VOCABULARY))))
    source = draw.integers(1, VOCABULARY - 1, (2, length))
    tokens = np.arange(length)[None] < np.array([[length], [length - 4]])
    written = draw.integers(1, VOCABULARY - 1, (2, 7))
    with torch.no_grad():
        answer = model(
            input_ids=torch.tensor(np.where(tokens, source, 36)),
            attention_mask=torch.tensor(tokens.astype(int)),
            decoder_input_ids=torch.tensor(written),
        ).logits
    config = {**model.config.to_diff_dict(), "architectures": [name]}
    weights = {f"weights/{key}": value.numpy() for key, value in model.state_dict().items()}
    inputs = {
        "inputs/encoder_token_ids": source,
        "inputs/encoder_padding_mask": tokens,
        "inputs/token_ids": written,
        "inputs/padding_mask": np.ones_like(written, bool),
    }
    return {"config": json.dumps(config), "answer": answer.numpy(), **weights, **inputs}


if __name__ == "__main__":
    for case, asked in CASES.items():
        np.savez_compressed(Path(sys.argv[1]) / f"{case}.npz", **make(*asked))
