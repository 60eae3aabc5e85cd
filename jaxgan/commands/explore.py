"""jaxgan explore: a page with sliders."""

from types import SimpleNamespace

from jaxgan.commands.command import Command
from jaxgan.commands.saved import saved_config
from jaxgan.config.field import Field, within


def run(values: SimpleNamespace) -> int:
    from jaxgan.trained.explore.server import explore

    return explore(values.model, values.config, values.host, values.port)


COMMAND = Command(
    "explore",
    "Serve a page with sliders for the latents, to open in a browser.",
    "jaxgan explore runs/quickstart --port=8765",
    run,
    "MODEL",
    {
        "port": Field(8000, "port of the page; 0: a free one", within(0, 65535)),
        "host": Field("localhost", "address of the page; 0.0.0.0: open to other machines"),
    },
    has_config=True,
    sections=("sample",),
    saved=saved_config,
)
