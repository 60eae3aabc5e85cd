# What jaxgan uses of jaxlib through names of jax: the module behind it is C++ and has no stub.
class Device:
    id: int
    process_index: int
    platform: str
    device_kind: str
    client: Client
    coords: list[int]
    core_on_chip: int
    slice_index: int
    def memory_stats(self) -> dict[str, int] | None: ...

class Client:
    platform: str
    platform_version: str
