"""Convolutions against numpy and against the plain form, in values and derivatives.

The plain form is lax's convolution between a materialised upsampling and averaging. In float64
both agree to rounding, so 1e-12 leaves three digits of room and nothing else.
"""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jaxgan.models import convolution
from jaxgan.models import convolution_primitives as primitives
from jaxgan.models.convolution import average_pool, conv, conv_down, conv_strided, conv_up


def lax_conv(x, kernel):
    return jax.lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def large(x):
    return jnp.kron(x, jnp.ones((1, 2, 2, 1), x.dtype))


def small(x):
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).mean((2, 4))


PLAIN = {
    conv: lax_conv,
    conv_up: lambda x, kernel: lax_conv(large(x), kernel),
    conv_down: lambda x, kernel: small(lax_conv(x, kernel)),
    conv_strided: lambda x, kernel: lax_conv(x, kernel)[:, ::2, ::2],
}
# Image height, width and kernel: the usual one, then odd, non-square, tiny and large ones.
CASES = [
    (conv, 6, 4, 3, 3),
    (conv, 5, 7, 3, 5),
    (conv, 1, 3, 5, 3),
    (conv, 3, 2, 1, 1),
    (conv_up, 4, 6, 3, 3),
    (conv_up, 3, 5, 5, 3),
    (conv_up, 1, 1, 3, 7),
    (conv_up, 2, 3, 1, 3),
    (conv_up, 3, 2, 1, 1),
    (conv_down, 4, 6, 3, 3),
    (conv_down, 6, 2, 3, 5),
    (conv_down, 2, 2, 7, 3),
    (conv_down, 2, 4, 3, 1),
    (conv_down, 2, 4, 1, 1),
    (conv_strided, 4, 6, 3, 3),
    (conv_strided, 5, 4, 3, 7),
    (conv_strided, 5, 4, 1, 3),
    (conv_strided, 3, 4, 1, 1),
]
cases = pytest.mark.parametrize(
    ("convolve", "h", "w", "kh", "kw"), CASES, ids=lambda c: getattr(c, "__name__", c)
)


@pytest.fixture(params=["sums of the kernel", "sums of the map"])
def form(request, monkeypatch):
    """Both forms of resampling."""
    monkeypatch.setattr(convolution, "MANY", 0 if "map" in request.param else 2**62)


def arrays(h, w, kh, kw, inputs=3, outputs=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2, h, w, inputs)), rng.normal(size=(kh, kw, inputs, outputs))


def assert_close(got, expected, tolerance=1e-12):
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * (1 + np.abs(b).max()))


def in_numpy(convolve, x, kernel):
    """Sum over the taps of the kernel, in float64."""
    if convolve is conv_up:
        x = x.repeat(2, axis=1).repeat(2, axis=2)
    (_, h, w, _), (kh, kw) = x.shape, kernel.shape[:2]
    p = np.pad(x, ((0, 0), (kh // 2,) * 2, (kw // 2,) * 2, (0, 0)))
    y = sum(p[:, i : i + h, j : j + w] @ kernel[i, j] for i in range(kh) for j in range(kw))
    if convolve is conv_down:
        y = y.reshape(len(y), h // 2, 2, w // 2, 2, -1).mean((2, 4))
    return y[:, ::2, ::2] if convolve is conv_strided else y


@cases
def test_values(form, convolve, h, w, kh, kw):
    x, kernel = arrays(h, w, kh, kw)
    y = jax.jit(convolve)(x.astype(np.float32), kernel.astype(np.float32))
    assert y.dtype == jnp.float32
    assert_close(y, in_numpy(convolve, x, kernel), 1e-6)  # float32 rounding of sums of ~100


def derivatives(f, x, kernel):
    """Reverse mode twice (a gradient through a gradient step), forward, forward over reverse."""

    def loss(x, kernel):
        return jnp.sin(f(x, kernel)).sum()

    gradient = jax.grad(loss, (0, 1))

    def through_a_step(x, kernel):
        dx, dk = gradient(x, kernel)
        return loss(x + 0.1 * dx, kernel - 0.1 * dk)

    directions = (jnp.cos(3 * x), jnp.cos(5 * kernel))
    return (
        gradient(x, kernel),
        jax.grad(through_a_step, (0, 1))(x, kernel),
        jax.jvp(f, (x, kernel), directions),
        jax.jvp(gradient, (x, kernel), directions),
    )


@cases
def test_derivatives_of_first_and_second_order(form, convolve, h, w, kh, kw):
    with jax.enable_x64(True):
        x, kernel = map(jnp.asarray, arrays(h, w, kh, kw))
        ours, plain = (jax.jit(partial(derivatives, f)) for f in (convolve, PLAIN[convolve]))
        assert_close(ours(x, kernel), plain(x, kernel))


def dense(kernel, groups):
    """Return the kernel [kh, kw, in, out] of all channels that a grouped one is a part of."""
    parts = np.split(kernel, groups, -1)
    kh, kw, c, o = parts[0].shape
    whole = np.zeros((kh, kw, groups * c, groups * o))
    for g, part in enumerate(parts):
        whole[:, :, g * c : (g + 1) * c, g * o : (g + 1) * o] = part
    return whole


GROUPED = pytest.mark.parametrize(
    ("groups", "inputs", "outputs"), [(2, 4, 6), (3, 6, 3), (4, 4, 4)]
)


@GROUPED
@pytest.mark.parametrize("size", [(3, 3), (1, 1)])
def test_groups(groups, inputs, outputs, size):
    """Against the dense kernel that is zero between groups, and lax's derivatives of its own."""
    x, kernel = arrays(5, 4, *size, inputs, outputs)
    kernel = kernel[:, :, : inputs // groups]

    def plain(x, kernel):
        names = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=names, feature_group_count=groups
        )

    ours = partial(conv, groups=groups)
    with jax.enable_x64(True):
        operands = jnp.asarray(x), jnp.asarray(kernel)
        assert_close(jax.jit(ours)(*operands), in_numpy(conv, x, dense(kernel, groups)))
        found, expected = (jax.jit(partial(derivatives, f))(*operands) for f in (ours, plain))
        assert_close(found, expected)


@GROUPED
def test_groups_in_the_forms_for_cpu_and_for_all_others(groups, inputs, outputs):
    x, kernel = arrays(5, 4, 3, 3, inputs, outputs)
    y, _ = arrays(5, 4, 3, 3, outputs, 1, seed=1)
    kernel, fields = kernel[:, :, : inputs // groups], {"stride": 1, "groups": groups}
    forms = (
        (primitives.kernel_and_x_to_y, (x, kernel), fields),
        (primitives.kernel_and_y_to_x, (y, kernel), fields),
        (primitives.x_and_y_to_kernel, (x, y), fields | {"size": (3, 3)}),
    )
    with jax.enable_x64(True):
        for form, operands, params in forms:
            operands = [jnp.asarray(a) for a in operands]
            by_group = primitives.by_group(form)(*operands, **params)
            assert_close(by_group, form(*operands, **params))


def test_each_backend_gets_its_form_of_groups():
    """One grouped convolution, or plain ones, in the forward pass and in both gradients."""
    x, kernel = jnp.ones((1, 4, 4, 8)), jnp.ones((3, 3, 2, 8))
    gradients = jax.jit(jax.grad(lambda *a: jnp.sin(conv(*a, groups=4)).sum(), (0, 1)))

    def counts(platform):
        text = gradients.trace(x, kernel).lower(lowering_platforms=(platform,)).as_text()
        grouped = re.findall(r"(?:feature|batch)_group_count = 4", text)
        return len(grouped), text.count("stablehlo.convolution")

    assert counts("cpu") == (0, 12)
    assert counts("tpu") == counts("cuda") == (3, 3)


@pytest.mark.parametrize("size", [(4, 4), (6, 4), (2, 8), (3, 3), (5, 3), (1, 4)])
@pytest.mark.parametrize("image", [(3, 2), (1, 1)])
def test_the_form_for_cpu_equals_the_form_for_all_others(size, image):
    y, _ = arrays(*image, *size)
    _, kernel = arrays(*image, *size, inputs=4, outputs=3)
    with jax.enable_x64(True):
        dilated = primitives.kernel_and_y_to_x(jnp.asarray(y), jnp.asarray(kernel), stride=2)
        interleaved = primitives.kernel_and_y_to_x_interleaved(
            jnp.asarray(y), jnp.asarray(kernel), stride=2
        )
    assert dilated.shape == (2, *(2 * n + k % 2 for n, k in zip(image, size, strict=True)), 4)
    assert_close(interleaved, dilated)


def test_each_backend_gets_its_form():
    x, kernel = jnp.ones((1, 4, 4, 2)), jnp.ones((3, 3, 2, 2))

    def is_dilated(platform):
        lowered = jax.jit(conv_up).trace(x, kernel).lower(lowering_platforms=(platform,))
        return "lhs_dilate = [2, 2]" in lowered.as_text()

    assert [is_dilated(p) for p in ("cpu", "tpu", "cuda")] == [False, True, True]


@pytest.mark.parametrize("convolve", [conv, conv_up, conv_down, conv_strided])
def test_bfloat16(form, convolve):
    """The sums are rounded once, what is convolved once: 2 x 2^-9 of the sum of magnitudes."""
    x, kernel = (jnp.asarray(a, jnp.bfloat16) for a in arrays(4, 6, 3, 3))
    y, exact = (jax.jit(convolve)(x.astype(t), kernel.astype(t)) for t in (x.dtype, jnp.float32))
    bound = convolve(abs(x).astype(jnp.float32), abs(kernel).astype(jnp.float32)) * 2.0**-8
    assert y.dtype == jnp.bfloat16
    assert (abs(y.astype(jnp.float32) - exact) <= bound).all()


@pytest.mark.parametrize("axes", [(0, None), (None, 3), (1, 0)])
@pytest.mark.parametrize("convolve", [conv, conv_up, conv_down])
def test_vmap_of_a_gradient(form, convolve, axes):
    x, kernel = arrays(4, 2, 3, 3)

    def stacked(a, axis):
        return a if axis is None else np.stack([a, a * a, -a], axis)

    def gradient(f, x, kernel):
        return jax.grad(lambda *a: jnp.sin(f(*a)).sum(), (0, 1))(x, kernel)

    with jax.enable_x64(True):
        operands = (jnp.asarray(stacked(x, axes[0])), jnp.asarray(stacked(kernel, axes[1])))
        ours, plain = (
            jax.jit(jax.vmap(partial(gradient, f), axes)) for f in (convolve, PLAIN[convolve])
        )
        assert_close(ours(*operands), plain(*operands))


def second_order(x, kernels):
    """A gradient through a latent step and a step of the weights (an unrolled game)."""

    def energy(x, kernels):
        h = jnp.tanh(conv(x, kernels["same"]))
        h = jnp.tanh(conv_up(h, kernels["up"]))
        return jnp.tanh(conv_down(h, kernels["down"])).sum()

    def objective(kernels):
        dx, dk = jax.grad(energy, (0, 1))(x, kernels)
        return energy(x + dx, jax.tree.map(jnp.add, kernels, dk))

    return jax.grad(objective)(kernels)


def second_order_in_a_loop(x, kernels):
    def body(total, x):
        return jax.tree.map(jnp.add, total, second_order(x, kernels)), None

    return jax.lax.scan(body, kernels, jnp.stack([x, 2 * x]))[0]


def second_order_operands(batch, side=8):
    rng = np.random.default_rng(0)
    kernel = partial(rng.normal, size=(3, 3, 4, 4), scale=0.1)
    x = rng.normal(size=(batch, side, side, 4)).astype(np.float32)
    return x, {name: kernel().astype(np.float32) for name in ("same", "up", "down")}


@pytest.mark.parametrize("side", [8, 2])
@pytest.mark.parametrize("step", [second_order, second_order_in_a_loop])
def test_compiled_cpu_programs_hold_only_fast_convolutions(form, step, side):
    """No reversed or dilated window, and one layout: XLA's naive loops take all others.

    lax's own rules give reversed windows in the first program, other layouts in the second; maps
    smaller than the kernel, whose operands XLA exchanges, give both.
    """
    program = jax.jit(step).lower(*second_order_operands(2, side)).compile().as_text()
    found = re.findall(r" convolution\(.*window=\{([^}]*)\}, dim_labels=([\w>-]+)", program)
    assert len(found) >= 12
    for window, labels in found:
        assert "rhs_reversal" not in window and "lhs_dilate" not in window, window
        assert labels == "b01f_01io->b01f", labels


def test_gradients_leave_a_program_in_the_layout_that_jax_reads(form):
    """A copy to the host shows the true numbers in any layout; the next operation does not."""
    x, kernels = second_order_operands(8)

    def loss(kernels):
        return jnp.square(conv(conv_up(x, kernels["up"]), kernels["same"])).sum()

    for gradient in jax.tree.leaves(jax.jit(jax.grad(loss))(kernels)):
        np.testing.assert_array_equal(-gradient, -np.asarray(gradient))


def test_a_sharded_batch_needs_no_collective_but_all_reduce(form):
    mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
    rows, everywhere = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("data",), ()))
    sharded = {"in_shardings": (rows, everywhere), "out_shardings": everywhere}
    with jax.enable_x64(True):
        operands = jax.tree.map(lambda a: jnp.asarray(a, jnp.float64), second_order_operands(16))
        compiled = jax.jit(second_order, **sharded).lower(*operands).compile()
        got = compiled(*jax.device_put(operands, (rows, everywhere)))
        assert_close(got, jax.jit(second_order)(*operands), 1e-10)  # sums in another order
    text = compiled.as_text()
    collectives = re.findall(r" (all-\w+|reduce-scatter|collective-\w+)(?:-start)?\(", text)
    assert set(collectives) == {"all-reduce"}


@pytest.mark.parametrize("convolve", [conv, conv_up, conv_down])
def test_a_per_device_view_sums_the_gradients_of_a_shared_kernel(convolve):
    mesh = jax.make_mesh((2,), ("data",), axis_types=(AxisType.Auto,))
    x, kernel = (a.astype(np.float32) for a in arrays(2, 4, 3, 3))

    def loss(x, kernel):
        return jnp.sin(convolve(x, kernel)).sum()

    def per_device(x, kernel):
        return jax.lax.psum(loss(x, kernel), "data")

    rows, everywhere = PartitionSpec("data"), PartitionSpec()
    mapped = jax.shard_map(
        per_device,
        mesh=mesh,
        in_specs=(rows, everywhere),
        out_specs=everywhere,
        check_vma=False,
    )
    got, expected = (jax.jit(jax.grad(f, (0, 1)))(x, kernel) for f in (mapped, loss))
    assert_close(got, expected, 1e-6)


def test_remat_and_eager_calls():
    x, kernel = (a.astype(np.float32) for a in arrays(4, 4, 3, 3))
    eager = conv_up(jnp.asarray(x), jnp.asarray(kernel))
    assert_close(eager, in_numpy(conv_up, x, kernel), 1e-6)
    gradients = [
        jax.grad(lambda x, f=f: f(x, kernel).sum())(x) for f in (conv_up, jax.checkpoint(conv_up))
    ]
    assert_close(gradients[0], gradients[1], 1e-6)


def test_errors_say_what_to_write():
    x, kernel = jnp.ones((1, 3, 4, 2)), jnp.ones((3, 3, 2, 2))
    with pytest.raises(ValueError, match="kernel of 4 x 3: write odd sizes"):
        conv(x, jnp.ones((4, 3, 2, 2)))
    with pytest.raises(ValueError, match="cannot halve 3 x 4: write even sizes"):
        conv_down(x, kernel)
    with pytest.raises(ValueError, match="cannot halve 3 x 4"):
        average_pool(x)
    with pytest.raises(ValueError, match="cast the kernel to float32"):
        conv_up(x, kernel.astype(jnp.bfloat16))
