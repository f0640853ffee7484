"""The plain kernel: Python integers and py_ecc, for tests and small sizes."""

from prover.kernel.plain_field import PlainField
from prover.kernel.plain_group import PlainGroup


class PlainKernel(PlainField, PlainGroup):
    """Kernel on Python integers and py_ecc."""
