"""Pictures with frames around what is in them, as `zoo evaluate` leaves them."""

import numpy as np
from matplotlib.image import imread

import zoo
from zoo.recipe import build
from zoo.training import framed
from zoo.training.answers import Answer, expected


def test_what_is_there_is_framed_and_what_a_model_is_sure_of(tmp_path):
    recipe = zoo.load_recipe("detr_synthetic", tiny=True)
    documents, drawn = build.held_out(recipe)[:3], {}
    for name, sure in (("unsure", 0.4), ("sure", 0.9)):
        said = f"circle {sure} 0.5 0.5 0.5 0.5"
        found = [Answer(one.name, said, expected(one)) for one in documents]
        framed.draw(recipe, documents, found, tmp_path / f"{name}.png")
        drawn[name] = imread(tmp_path / f"{name}.png")
    assert drawn["sure"].shape == drawn["unsure"].shape
    changed = (drawn["sure"] != drawn["unsure"]).any(axis=-1)
    columns = np.array_split(changed, framed.A_ROW, axis=1)
    assert [bool(column.any()) for column in columns] == [True, True, True, False]
