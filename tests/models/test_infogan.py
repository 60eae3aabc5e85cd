"""InfoGAN's networks: the category is an input of DCGAN's generator; Q reads D's hidden layer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.models import dcgan, infogan
from tests.models.networks import modules_of, sides_of
from tests.tiny import drawn

LABELS = jnp.asarray([2, 0, 1])


def fields(num_codes=2):
    config = infogan.default_config()
    config.update(width=2, latent_dim=5, num_codes=num_codes, hidden=4)
    return config


def weights(module, *inputs):
    return drawn(jax.eval_shape(module.init, jax.random.key(0), *inputs))


def test_the_category_is_a_further_input_of_the_generator():
    generator, _ = modules_of(infogan, fields(), (16, 16, 1), 3)
    z = jax.random.normal(jax.random.key(1), (3, 5))
    variables = weights(generator, z, LABELS)
    inner = {name: tree["network"] for name, tree in variables.items()}
    network = dcgan.Generator((16, 16, 1), (4, 2), 1e-5)
    one_hot = np.eye(3, dtype=np.float32)[np.asarray(LABELS)]
    expected = network.apply(
        inner, jnp.concatenate([z, one_hot], -1), None, mutable=["batch_stats"]
    )
    found = generator.apply(variables, z, LABELS, mutable=["batch_stats"])
    np.testing.assert_array_equal(found[0], expected[0])
    other, _ = generator.apply(variables, z, LABELS[::-1], mutable=["batch_stats"])
    assert (other[0] != found[0][0]).any()


def test_score_and_codes_of_the_hidden_layer():
    _, discriminator = modules_of(infogan, fields(), (16, 16, 1), 3)
    images = jax.random.uniform(jax.random.key(2), (3, 16, 16, 1), minval=-1.0)
    variables = weights(discriminator, images, LABELS)
    leaky = lambda x: np.where(x > 0, x, 0.2 * x)
    x = np.asarray(images)
    for i in range(2):
        p = variables["params"][f"conv_{i}"]
        x = leaky(np.asarray(dcgan.halved(jnp.asarray(x), p["kernel"])) + p["bias"])
    dense = lambda name, x: (
        x @ np.asarray(variables["params"][name]["kernel"])
        + np.asarray(variables["params"][name]["bias"])
    )
    x = leaky(dense("dense", x.reshape(3, -1)))
    q = leaky(dense("dense_q", x))
    found = discriminator.apply(variables, images, method="recognise")
    np.testing.assert_allclose(found.logits, dense("linear", x)[:, 0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.classes, dense("classes", q), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.codes, dense("codes", q), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(discriminator.apply(variables, images, LABELS), found.logits)


@pytest.mark.parametrize(
    ("num_codes", "classes", "message"),
    [(6, 3, "num_codes = 6: write 1 to latent_dim = 5"), (2, 1, "1 categories: write 2 or more")],
)
def test_refusals(num_codes, classes, message):
    with pytest.raises(ValueError, match=message):
        sides_of(infogan, fields(num_codes), (16, 16, 1), classes)
