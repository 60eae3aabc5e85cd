"""The packages, with the shipped configs among them: `jaxgan train --config=quickstart`."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["jaxgan*"]), "jaxgan.configs"],
    package_dir={"jaxgan.configs": "configs"},
)
