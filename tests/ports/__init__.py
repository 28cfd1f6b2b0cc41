"""Known jobs in torch, each the twin of a port in examples/ports: the same data, the same start, the same losses."""

from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

PORTS = Path(__file__).parents[2] / "examples" / "ports"
NAMES = sorted(path.stem for path in PORTS.glob("*.py"))


def port(name: str) -> ModuleType:
    """The example of that name, as a module."""
    spec = spec_from_file_location(f"port_{name}", PORTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def twin(name: str) -> ModuleType:
    """The same job in torch."""
    return import_module(f"tests.ports.{name}")
