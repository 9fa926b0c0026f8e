"""An ONNX graph as it grows: what each node gives is a name, which the next one takes."""

import importlib
from typing import Any

import numpy as np

from sevenfold_jobs.common.failures import InvalidInput

#: Versions of the operators and of those for machine learning, as old as doubles in trees allow.
OPSET, OPSET_ML, IR_VERSION = 17, 3, 8
ML = "ai.onnx.ml"


def library(name: str, what: str) -> Any:
    """A package that is not among our requirements; InvalidInput, with what to do, where it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InvalidInput(
            f"{what} needs the Python package {name}, which is not installed here: "
            f"install it with .venv/bin/python -m pip install {name}, or uv pip install {name}."
        ) from None


class Graph:
    """Doubles wherever ONNX has them; a column is (rows, 1)."""

    def __init__(self) -> None:
        self._onnx = library("onnx", "The export to ONNX")
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, is_text: bool) -> str:
        """A column that whoever applies the model gives."""
        self._inputs.append(self._value(name, is_text, 1))
        return name

    def output(self, name: str, of: str, is_text: bool, width: int) -> None:
        """What the graph answers with under a name of its own."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [of], [name]))
        self._outputs.append(self._value(name, is_text, width))

    def constant(self, values: Any, kind: type = np.float64) -> str:
        """An array, or a number, as a node's input."""
        name = f"constant {len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """A node with one output, whose name is answered."""
        name = f"node {len(self._nodes)}"
        made = self._onnx.helper.make_node(operator, list(inputs), [name], domain=domain, **attributes)
        self._nodes.append(made)
        return name

    def cast(self, of: str, kind: type) -> str:
        """The same as another type of numpy."""
        return self.add("Cast", of, to=self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind)))

    def tensor(self, values: list[float], kind: type) -> Any:
        """Numbers as an attribute."""
        return self._onnx.numpy_helper.from_array(np.asarray(values, kind))

    def is_gap(self, of: str) -> str:
        """Whether a number is none: such a one alone differs from itself."""
        return self.add("Not", self.add("Equal", of, of))

    def finish(self, about: dict[str, str]) -> bytes:
        """The whole model, checked; `about` is what readers find in its properties."""
        helper = self._onnx.helper
        graph = helper.make_graph(self._nodes, "sevenfold", self._inputs, self._outputs, self._constants)
        model = helper.make_model(
            graph,
            producer_name="sevenfold",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, OPSET_ML)],
        )
        helper.set_model_props(model, about)
        self._onnx.checker.check_model(model)
        return model.SerializeToString(deterministic=True)

    def _value(self, name: str, is_text: bool, width: int) -> Any:
        kind = self._onnx.TensorProto.STRING if is_text else self._onnx.TensorProto.DOUBLE
        return self._onnx.helper.make_tensor_value_info(name, kind, ["rows", width])
