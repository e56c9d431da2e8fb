"""Does a decoder look at the facts that an answer follows from?

    python tests/benchmarks/support.py runs/babi_reasoning [--documents 2000] [overrides]

The share of held-out questions in which the fact that is looked at most supports the answer: in
the cross-attention of the last decoder layer, in the mean of its heads, as the first token of the
answer is written. Chance is the share of a story's facts that support it. The question is no fact.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

AT_ONCE = 64


def hits(task, recipe, documents):
    """For each document whether the fact looked at most supports the answer, and the chance of
    it: float `n 2`."""
    import numpy as np

    from zoo.data.corpus import Corpus
    from zoo.insight.columns import columns, tokens
    from zoo.insight.weights import weights
    from zoo.recipe import build

    tokenizer, cut = build.tokenizer(recipe), build.batching(recipe)
    rows, corpus = getattr(cut, "batching", cut), Corpus(documents, tokenizer)
    first, found = int(tokenizer.start_token_id is not None), []
    for begin in range(0, len(documents), AT_ONCE):
        some = documents[begin : begin + AT_ONCE]
        inputs = rows.make(corpus, begin + np.arange(len(some))).inputs
        *_, table = weights(task, inputs).values()
        looks = table.weights[:, :, 0].mean(axis=1)
        for document, ids, looked in zip(some, inputs["encoder_token_ids"], looks):
            told = document._replace(data=document.data[: document.answers[-1][0]])
            facts = columns(told, tokenizer.read, first, tokens(tokenizer, ids))
            facts = facts[first:-2]  # without the question, and what stands behind it
            most = max(facts, key=lambda fact: looked[fact.start : fact.stop].sum())
            supports = [fact.supports for fact in facts]
            found.append((most.supports, np.mean(supports)))
    return np.array(found, float)


def main():
    import numpy as np

    import zoo
    from zoo.core.kinds import make
    from zoo.data.sources import Source
    from zoo.training.run import resolve

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("overrides", nargs="*")
    given = parser.parse_args()
    recipe = resolve(given.run, given.overrides)
    every = make(Source, recipe.tree["data"]["source"]).validation()
    documents = every[:: max(1, len(every) // given.documents)]
    files = np.array([Path(document.name).name.partition("_")[0] for document in documents])
    found = hits(zoo.load(given.run), recipe, documents)
    for name in [*dict.fromkeys(files.tolist()), "all"]:
        share, chance = found[(files == name) | (name == "all")].mean(axis=0)
        print(f"{name:>5}  {share:6.1%} of questions, chance {chance:.1%}")


if __name__ == "__main__":
    main()
