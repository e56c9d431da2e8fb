"""The same answers on a GPU or a TPU as on the CPU, and the memory that was promised.

CUDA_VISIBLE_DEVICES=0 pytest -m accelerator tests/accelerator
"""

import keras
import numpy as np
import pytest
from examples import ATTENTION, KERNELS, PATTERNS, POSITIONS, attention_layer, combines
from gradients import TENSORFLOW, gradients, near
from keras import ops

pytestmark = pytest.mark.accelerator


@pytest.fixture(autouse=True)
def device():
    """The accelerator, with float32 products in full precision."""
    found = [d for d in keras.distribution.list_devices() if not d.startswith("cpu")]
    if not found:
        pytest.skip("no GPU or TPU is seen; is CUDA_VISIBLE_DEVICES set?")
    if TENSORFLOW:
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(False)
    return found[0]


@pytest.fixture
def x(draw):
    return draw.normal(size=(2, 70, 16)).astype("float32")


def build(kind="multi_head", **options):
    keras.utils.set_random_seed(1)
    return attention_layer(kind, **options)


def of(layer, x, jit, training=True):
    mask = np.arange(x.shape[1])[None] < np.array([[70], [51]])

    def mean_square(x):
        return ops.mean(layer(x, mask, training=training)[0] ** 2)

    return gradients(mean_square, layer, x, jit=jit)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("kernel", ["block_sparse", "chunked", "fused"])
@pytest.mark.parametrize("pattern", ["causal", "big_bird", "local", "global_tokens"])
def test_every_kernel_equals_the_plain_one(pattern, kernel, jit, x):
    dropout = 0.0 if kernel == "fused" else 0.1
    options = {"pattern": PATTERNS[pattern], "dropout": dropout}
    plain, fast = build(kernel="dense", **options), build(kernel=KERNELS[kernel], **options)
    for found, wanted in zip(of(fast, x, jit), of(plain, x, False)):
        near(found, wanted)


@pytest.mark.parametrize(("precision", "far"), [("float32", 1e-4), ("mixed_bfloat16", 3e-2)])
@pytest.mark.parametrize("pattern", ["causal", "local"])
def test_flash_and_splash_attention_answer_like_the_whole_table(pattern, precision, far, draw):
    """Of whole tiles, as splash attention takes them on a TPU, and in half the precision, as flash
    attention does on a GPU; both under JAX."""
    x = draw.normal(size=(2, 256, 16)).astype("float32")
    mask = np.arange(256)[None] < np.array([[256], [180]])
    options = {"pattern": PATTERNS[pattern], "head_dim": 64, "dtype": precision}
    found, wanted = (
        np.array(ops.cast(build(kernel=kernel, **options)(x, mask)[0], "float32"))
        for kernel in ("fused", "dense")
    )
    np.testing.assert_allclose(found, wanted, atol=far * np.abs(wanted).max())


@pytest.mark.parametrize("kind", ATTENTION)
def test_every_attention_equals_itself_compiled(kind, x):
    position = POSITIONS["relative_xl" if combines(kind, "relative_xl") else "rotary"]
    layer = build(kind, position=position)
    compiled, plain = (of(layer, x, jit, training=False) for jit in (True, False))
    for found, wanted in zip(compiled, plain):
        near(found, wanted)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_learns(precision, tmp_path):
    import zoo

    recipe = zoo.load_recipe("quickstart", [f"training.precision={precision}"], tiny=True)
    report = zoo.train(recipe, tmp_path / "run")
    assert np.isfinite(report["validation"]["loss"])


@pytest.mark.skipif(not TENSORFLOW, reason="asks TensorFlow for its memory")
def test_memory_grows_with_the_length_not_its_square(device):
    import tensorflow as tf

    name, peak = device.upper(), []
    layer = build(pattern={"kind": "causal_big_bird", "block_size": 64}, num_heads=4, head_dim=64)
    for length in (8192, 32_768):
        x = np.zeros((1, length, 16), "float32")
        tf.config.experimental.reset_memory_stats(name)
        gradients(lambda x: ops.mean(layer(x, training=True)[0] ** 2), layer, x)
        peak.append(tf.config.experimental.get_memory_info(name)["peak"])
    assert peak[1] < 6 * peak[0]
