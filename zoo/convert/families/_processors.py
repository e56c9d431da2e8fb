"""How large pictures are made, and how much of them is shown: what stands beside a config of
Hugging Face, in the words of its processors. All show the middle; those that stretch a picture
until it is a square are taken as if they cut it."""

from typing import Any

from zoo.convert import images
from zoo.convert.config import Config

STRETCHED = 384
"""Pictures as large as this ConvNext's processor does not cut."""
LARGER = (224, 256)
"""LeViT's makes pictures larger than it says: those of the one as large as the other."""
LONGER = 1333 / 800
"""How long a picture may be for DETR's, which cuts nothing, where the other side is 1."""
USUAL = 224


def shortest(told: Config) -> int:
    """How large a picture is made before it is cut. Raises ZooError where it is no square."""
    said = told.take("size", None) or {}
    said = said if isinstance(said, dict) else {"shortest_edge": said}
    found = said.get("shortest_edge") or said.get("height") or USUAL
    if type(found) is not int or found < 1 or said.get("width", found) != found:
        raise told.wrong("size", "as many rows as columns")
    return found


def shown(told: Config) -> dict[str, Any]:
    """How much of the sides of a picture a model is shown. Raises ZooError for more than there
    is."""
    if told.take("crop_pct", None):
        share = told.take("crop_pct", 1.0) if shortest(told) < STRETCHED else 1.0
        return images.kept(told, "crop_pct", share)
    if not told.take("do_center_crop", False) or not told.take("crop_size", None):
        return {}
    said = told.take("crop_size", None)
    cut = said.get("height") if isinstance(said, dict) else said
    if type(cut) is not int:
        raise told.wrong("crop_size", "a whole number, or the height and the width")
    named = told.fields.get("image_processor_type") or told.fields.get("feature_extractor_type")
    of, to = LARGER if str(named).startswith("Levit") else (1, 1)
    return images.kept(told, "crop_size", cut * of / (shortest(told) * to))


def by_share(size: int, kept: float) -> dict[str, Any]:
    """ConvNext's."""
    return {"size": {"shortest_edge": size}, "crop_pct": kept}


def by_size(size: int, kept: float) -> dict[str, Any]:
    """Those that make a picture so large that what they cut is left."""
    cut = {"do_center_crop": True, "crop_size": {"height": size, "width": size}}
    return {"size": {"shortest_edge": round(size / kept)}, **cut}


def larger(size: int, kept: float) -> dict[str, Any]:
    """LeViT's."""
    of, to = LARGER
    return by_size(size, kept * to / of)


def whole(size: int, kept: float) -> dict[str, Any]:
    """DETR's."""
    return {"size": {"shortest_edge": size, "longest_edge": int(size * LONGER)}}


def square(size: int, kept: float) -> dict[str, Any]:
    """Those that stretch."""
    return {"size": {"height": size, "width": size}}


SAID = {
    "ConvNextImageProcessor": by_share,
    "DetrImageProcessor": whole,
    "LevitImageProcessor": larger,
    "MobileViTImageProcessor": by_size,
    "ViTHybridImageProcessor": by_size,
    "ViTImageProcessor": square,
}
"""What each says of a size, and of how much is shown; what it cannot say it leaves out."""
