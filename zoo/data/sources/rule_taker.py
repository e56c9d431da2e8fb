"""Facts, rules and a statement that is true or false: can a model reason in sentences?

After RuleTaker (Clark et al. 2020, "Transformers as Soft Reasoners over Language",
arXiv:2002.05867, section 3), its theories of attributes. What cannot be proved is false, so `not`
holds where a proof fails. Nothing is downloaded: theories are drawn.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import NonNegativeInt, PositiveInt, Probability
from zoo.data.sources._synthetic import Synthetic

ENTITIES = ("Anne", "Bob", "Charlie", "Dave", "Erin", "Fiona", "Gary", "Harry")
ATTRIBUTES = (
    *("big", "blue", "cold", "furry", "green", "kind", "nice"),
    *("quiet", "red", "rough", "round", "smart", "white", "young"),
)
ANSWERS = ("false", "true")
NEAR = 0.8
"""How likely a rule follows from the attribute right before its own, and from one further back."""
ALONE = 0.5
"""How likely that is all it follows from."""
AT_ONCE, PATIENCE = 1024, 50
"""Theories drawn together, and how many such draws in a row may lack a depth that is wanted."""


class Theories(NamedTuple):
    """n theories. Attributes are numbered so that rules lead from lower ones to higher."""

    facts: np.ndarray
    """bool `n e a`, what is said of each entity."""
    heads: np.ndarray
    """int `n r`, the attribute that each rule leads to."""
    bodies: np.ndarray
    """int `n r 2`, the attributes that it follows from; the same one twice where it is one."""
    positive: np.ndarray
    """bool `n r 2`, whether it follows from them, or from their absence."""


class RuleTaker(Synthetic):
    """A document tells `num_facts` attributes of each of `num_entities`, then `num_rules`, all in
    any order, and asks a statement; the answer is true or false. Its proof is `min_depth` to
    `max_depth` rules deep, each depth as often; a fact that is told has depth 0, and what no rule
    leads to is disproved at depth 0. Of one theory up to `num_statements` are asked, each with its
    answer: more to learn from than one word a theory. Where they are `told`, nothing is asked: they
    stand behind the rules as what follows, with a `not` where they are false, and what is said of
    each entity is an answer.

    Both answers are as likely, and the first statement drawn is of an attribute that is true of one
    entity and false of another at the same depth, in the same theory: only reasoning tells which.
    `negation` is how likely a condition of a rule is an absence, `denied` how likely the statement
    says `not`: where half of them do, who reasons but passes over that word is right by chance
    alone.
    Raises ValueError for sizes out of order, ZooError where no theory is as deep as is wanted.
    """

    def __init__(
        self,
        min_depth: NonNegativeInt = 0,
        max_depth: NonNegativeInt = 3,
        num_entities: PositiveInt = 3,
        num_facts: PositiveInt = 2,
        num_rules: PositiveInt = 8,
        num_attributes: PositiveInt = 10,
        num_statements: PositiveInt = 1,
        told: bool = False,
        negation: Probability = 0.25,
        denied: Probability = 0.5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if min_depth > max_depth:
            raise ValueError(f"min_depth {min_depth} must be at most max_depth {max_depth}.")
        if not 2 <= num_entities <= len(ENTITIES):
            raise ValueError(f"num_entities {num_entities} must be from 2 to {len(ENTITIES)}.")
        if not num_facts < num_attributes <= len(ATTRIBUTES) or num_attributes < 2:
            raise ValueError(
                f"num_attributes {num_attributes} must be above num_facts {num_facts} and at most "
                f"{len(ATTRIBUTES)}."
            )
        self.min_depth, self.max_depth = min_depth, max_depth
        self.num_entities, self.num_facts = num_entities, num_facts
        self.num_rules, self.num_attributes = num_rules, num_attributes
        self.num_statements, self.told = num_statements, told
        self.negation, self.denied = negation, denied

    def draw(self, random):
        for theory, statements in self._asked(random):
            names = [ENTITIES[n] for n in random.permutation(len(ENTITIES))]
            words = [ATTRIBUTES[n] for n in random.permutation(len(ATTRIBUTES))]
            facts, rules = (random.permutation(part) for part in sentences(theory, names, words))
            text, answers = "\n".join([*facts, *rules]), []
            for entity, attribute, truth in statements:
                denied = not truth if self.told else random.random() < self.denied
                subject, said = f"\n{names[entity]} is ", f"{'not ' * denied}{words[attribute]}"
                if self.told:
                    before, answer = subject, f"{said}."
                else:
                    before, answer = f"{subject}{said}?\n", ANSWERS[truth ^ denied]
                text += before
                answers.append((len(text), len(text) + len(answer)))
                text += answer
            yield text.encode(), tuple(answers)

    def _asked(self, random: np.random.Generator) -> Iterator[tuple[Theories, np.ndarray]]:
        """One theory, and statements of it, int `n 3`: an entity, an attribute, and whether that
        entity has it; without end."""
        in_vain, depths = 0, range(self.min_depth, self.max_depth + 1)
        while in_vain < PATIENCE:
            theories = self._theories(random)
            known = proved(theories)
            found = [known == depth for depth in depths]
            twins = [one.any(axis=2).all(axis=0) for one in found]
            number = min(int(one.any(axis=1).sum()) for one in twins)
            in_vain = 0 if number else in_vain + 1
            chosen = [
                (one, n) for one in range(len(depths)) for n in _some(random, twins[one], number)
            ]
            for place in random.permutation(len(chosen)):
                one, n = chosen[place]
                attribute, truth = (
                    random.choice(twins[one][n].nonzero()[0]),
                    int(random.integers(2)),
                )
                entity = random.choice(found[one][truth, n, :, attribute].nonzero()[0])
                statements = self._more(random, [entity, attribute, truth], known[:, n])
                yield Theories(*(part[n] for part in theories)), statements
        raise ZooError(
            f"found none of {PATIENCE * AT_ONCE:,} theories with proofs of all depths from "
            f"{self.min_depth} to {self.max_depth}. Ask for more rules and attributes.",
            "max_depth",
        )

    def _more(self, random: np.random.Generator, asked: list[int], known: np.ndarray) -> np.ndarray:
        """A statement among others of its theory, as many of what is true as of what is false; of
        int `2 e a`, how deep they are: int `n 3`."""
        there = (known >= self.min_depth) & (known <= self.max_depth)
        there[asked[2], asked[0], asked[1]] = False
        kinds = [random.permutation(np.argwhere(one)) for one in there]
        number = min((self.num_statements - 1) // 2, *map(len, kinds))
        others = [[*one, truth] for truth, of in enumerate(kinds) for one in of[:number]]
        return random.permutation([asked, *others])

    def _theories(self, random: np.random.Generator) -> Theories:
        size = AT_ONCE, self.num_rules
        order = random.random((AT_ONCE, self.num_entities, self.num_attributes)).argsort(axis=-1)
        turns = -(-self.num_rules // (self.num_attributes - 1))
        led = np.tile(np.arange(1, self.num_attributes), (AT_ONCE, turns, 1))
        heads = random.permuted(led, axis=-1).reshape(AT_ONCE, -1)[:, : self.num_rules]
        near = np.maximum(heads - random.geometric(NEAR, size), 0)
        other = np.where(random.random(size) < ALONE, near, random.integers(0, heads))
        positive = random.random((*size, 2)) >= self.negation
        positive[..., 1] = np.where(near == other, positive[..., 0], positive[..., 1])
        bodies = np.stack([near, other], axis=-1)
        return Theories(order < self.num_facts, heads, bodies, positive)


def _some(random: np.random.Generator, wanted: np.ndarray, number: int) -> np.ndarray:
    """The places of some of the rows, bool `n a`, in which anything is wanted."""
    return random.permutation(wanted.any(axis=1).nonzero()[0])[:number]


def proved(theories: Theories) -> np.ndarray:
    """In which round of forward chaining it is found that an entity lacks an attribute, and that it
    has it: int `2 n e a`, -1 for never. What is told is known in round 0, and so is that it lacks
    what no rule leads to. A rule that holds proves; that all rules fail disproves."""
    facts, heads, bodies, positive = theories
    leads = (heads[:, :, None] == np.arange(facts.shape[-1])).astype("float32")
    rows, positive = np.arange(len(facts))[:, None, None], positive[..., None]
    has, lacks = facts, ~facts & (leads.sum(axis=1) == 0)[:, None]
    found = np.full((2, *facts.shape), -1)
    for depth in range(facts.shape[-1]):
        known = np.stack([lacks, has])
        found[known & (found < 0)] = depth
        absent, present = (one.swapaxes(1, 2)[rows, bodies] for one in known)
        holds = np.where(positive, present, absent).all(axis=2)
        fails = np.where(positive, absent, present).any(axis=2)
        has = facts | _reached(holds, leads)
        lacks = ~facts & ~_reached(~fails, leads)
    return found


def _reached(rules: np.ndarray, leads: np.ndarray) -> np.ndarray:
    """To which attributes some rules lead: bool `n r e`, float `n r a` -> bool `n e a`."""
    return rules.swapaxes(1, 2).astype("float32") @ leads > 0


def sentences(theory: Theories, names: list[str], words: list[str]) -> tuple[list, list]:
    """The facts and the rules of one theory, `Anne is kind.` and `Kind people are big.`"""
    facts = [f"{names[entity]} is {words[a]}." for entity, a in np.argwhere(theory.facts)]
    rules = []
    for head, body, positive in zip(*(part.tolist() for part in theory[1:])):
        told = dict(zip(body, positive))
        if list(told.values()) == [True]:
            rules.append(f"{words[body[0]].capitalize()} people are {words[head]}.")
            continue
        conditions = " and ".join("not " * (not there) + words[a] for a, there in told.items())
        rules.append(f"If someone is {conditions} then they are {words[head]}.")
    return facts, rules
