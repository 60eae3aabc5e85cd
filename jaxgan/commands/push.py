"""jaxgan push: publish a generator on the Hugging Face Hub."""

from types import SimpleNamespace

from jaxgan.commands.command import Command, UsageError
from jaxgan.config.field import Field
from jaxgan.trained.places import place


def run(values: SimpleNamespace) -> int:
    if len(values.operands) != 2:
        raise UsageError(
            "write a generator and where it goes: jaxgan push runs/mine hf://OWNER/NAME "
            "--licence=apache-2.0"
        )
    from jaxgan.evaluate.results import read_results, table
    from jaxgan.trained.export import check_dtype
    from jaxgan.trained.push import push

    check_dtype(values.dtype)
    model, reference = place(values.operands[0]), values.operands[1]
    path = model / "results.jsonl"
    scores = table(read_results(path)) if path.is_file() else ""
    print(push(model, reference, values.licence, values.dtype, values.private, scores))
    return 0


COMMAND = Command(
    "push",
    "Publish a generator on the Hugging Face Hub, with its config, samples, and a card that holds\n"
    "the run's scores. Needs the extra `hub` and `hf auth login`.",
    "jaxgan push runs/quickstart hf://me/fashion --licence=apache-2.0",
    run,
    "GENERATOR hf://OWNER/NAME",
    {
        "licence": Field(
            "", "licence of the weights, as the Hub spells it: apache-2.0, mit, cc-by-4.0"
        ),
        "dtype": Field(
            "float32", "dtype of the weights: float32, float16 or bfloat16 (half as large)"
        ),
        "private": Field(False, "if the repository is new, make it private"),
    },
)
