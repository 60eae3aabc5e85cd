"""Functions that an NVIDIA card computes in another form than a CPU or a TPU does."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
from jax._src.dispatch import prim_requires_devices_during_lowering
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir


def with_card_form(
    name: str,
    plain: Callable[..., tuple],
    card: Callable[..., tuple],
    suits: Callable[..., bool] = lambda *arrays, **options: True,
) -> Callable[..., tuple]:
    """Return a function that computes plain(*arrays, **options), on a card card(*arrays,
    **options).

    Both return tuples of arrays; options are hashable. suits: whether `card` can compute these
    shapes and options; if not, and in everything that is exported, a card computes `plain`.
    Derivatives and vmap are those of `plain` on every device.
    """
    primitive = Primitive(name)
    primitive.multiple_results = True

    @cache
    def jitted(**options):
        return jax.jit(partial(primitive.bind, **options))

    def shapes_of(*arrays, **options):
        found = jax.eval_shape(partial(plain, **options), *arrays)
        return [arrays[0].update(shape=x.shape, dtype=x.dtype, weak_type=False) for x in found]

    def batched(arrays, axes, **options):
        found = jax.vmap(partial(plain, **options), axes)(*arrays)
        return found, (0,) * len(found)

    def jvp(arrays, tangents, **options):
        moved = [i for i, tangent in enumerate(tangents) if not isinstance(tangent, ad.Zero)]

        def of_moved(*values):
            return plain(*_replaced(arrays, moved, values), **options)

        return jax.jvp(of_moved, [arrays[i] for i in moved], [tangents[i] for i in moved])

    lowered_plain = mlir.lower_fun(plain, multiple_results=True)
    lowered_card = mlir.lower_fun(card, multiple_results=True)

    def on_a_card(context, *arrays, **options):
        is_exported = context.module_context.lowering_parameters.for_export
        lowered = lowered_card if suits(*context.avals_in, **options) else lowered_plain
        return (lowered_plain if is_exported else lowered)(context, *arrays, **options)

    primitive.def_impl(lambda *arrays, **options: jitted(**options)(*arrays))
    primitive.def_abstract_eval(shapes_of)
    batching.primitive_batchers[primitive] = batched
    ad.primitive_jvps[primitive] = jvp
    mlir.register_lowering(primitive, lowered_plain)
    mlir.register_lowering(primitive, on_a_card, "cuda")
    # JAX has to partition a call into cuDNN over devices, and cannot see that one may be inside.
    prim_requires_devices_during_lowering.add(primitive)
    return lambda *arrays, **options: tuple(primitive.bind(*arrays, **options))


def _replaced(arrays: Any, places: list[int], values: Any) -> list:
    found = list(arrays)
    for place, value in zip(places, values, strict=True):
        found[place] = value
    return found
