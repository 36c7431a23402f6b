"""The version, for whoever tells it: the package, the command line, the wheel."""

__all__ = ["__version__"]

__version__ = "0.1.0"
