"""Whoever reads a theory: the sentences of `rule_taker`, and backward chaining over them."""

import re


def read(text):
    """A text -> facts, pairs; rules, of conditions and what follows; and the statement."""
    *told, asked = text.splitlines()
    facts, rules = set(), []
    for line in told:
        if one := re.fullmatch(r"(\w+) people are (\w+)\.", line):
            rules.append(([(one[1].lower(), True)], one[2]))
        elif more := re.fullmatch(r"If someone is (.+) then they are (\w+)\.", line):
            parts = more[1].split(" and ")
            body = [(part.removeprefix("not "), not part.startswith("not ")) for part in parts]
            rules.append((body, more[2]))
        else:
            facts.add(re.fullmatch(r"(\w+) is (\w+)\.", line).groups())
    entity, denied, attribute = re.fullmatch(r"(\w+) is (not )?(\w+)\?", asked).groups()
    return facts, rules, (entity, attribute, not denied)


def settled(facts, rules, entity, attribute, there, depth):
    """Whether rules up to a depth prove that an entity has an attribute, or that it lacks it."""
    told = (entity, attribute) in facts
    bodies = [body for body, head in rules if head == attribute]

    def follows(name, wanted):
        return settled(facts, rules, entity, name, wanted, depth - 1)

    if there:
        proofs = (all(follows(name, yes) for name, yes in body) for body in bodies)
        return told or (depth > 0 and any(proofs))
    failures = (any(follows(name, not yes) for name, yes in body) for body in bodies)
    return not told and (not bodies or (depth > 0 and all(failures)))


def answer(text):
    """b"true" or b"false": what cannot be proved is false."""
    facts, rules, (entity, attribute, claimed) = read(text)
    has = settled(facts, rules, entity, attribute, True, len(rules))
    assert has != settled(facts, rules, entity, attribute, False, len(rules))
    return b"true" if has == claimed else b"false"


def depth(text):
    """How many rules deep the shortest proof is, that an attribute is there or is not."""
    facts, rules, (entity, attribute, _) = read(text)
    has = settled(facts, rules, entity, attribute, True, len(rules))
    return next(n for n in range(99) if settled(facts, rules, entity, attribute, has, n))
