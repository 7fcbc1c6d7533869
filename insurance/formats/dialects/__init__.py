"""The dialects in which a settlement comes."""

from . import setl_d, setlinfo, settlement

BY_NAME = {module.DIALECT.name: module.DIALECT for module in (settlement, setlinfo, setl_d)}
