"""Configs: every field with its default, its meaning and the values it takes; config files."""

from jaxgan.config.check import check, check_fields
from jaxgan.config.defaults import default_config
from jaxgan.config.names import module_named
from jaxgan.config.sections import FACTS

__all__ = ["FACTS", "check", "check_fields", "default_config", "module_named"]
