"""Joins the four models into one ONNX graph: one input, cleaning inside, four named outputs.

The sub-graphs of skl2onnx are put into one by hand: `onnx.compose` would split the shared input.
Operator sets are fixed to what every runtime of the last years takes.
"""

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType

from .matrix import ACTIONS
from .models import Fitted

OPSET = 18
ML_OPSET = 3
IR_VERSION = 8
INPUT = "features"
OUTPUTS = (("direction", 3), ("magnitude", 1), ("confidence", 1), ("risk", 1))


class Graph:
    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(
            helper.make_node(operator, inputs, [output], name=f"node_{output}", **attributes)
        )
        return output

    def inline(self, model: object, source: str, prefix: str, output: int = 0) -> str:
        """Puts a converted model's graph here, reading `source`; gives the name of its output."""
        width = model.n_features_in_
        options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None
        part = convert_sklearn(
            model,
            initial_types=[("X", FloatTensorType([None, width]))],
            target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
            options=options,
        ).graph

        def named(name: str) -> str:
            return source if name == "X" else f"{prefix}_{name}" if name else ""

        for constant in part.initializer:
            copy = TensorProto()
            copy.CopyFrom(constant)
            copy.name = named(constant.name)
            self.constants.append(copy)
        for index, node in enumerate(part.node):
            copy = NodeProto()
            copy.CopyFrom(node)
            copy.name = f"{prefix}_{index}"
            copy.input[:] = [named(name) for name in node.input]
            copy.output[:] = [named(name) for name in node.output]
            self.nodes.append(copy)
        return named(part.output[output].name)


def build(fitted: Fitted, metadata: dict[str, str]) -> bytes:
    graph = Graph()
    clean = add_cleaning(graph, fitted)
    direction = add_direction(graph, fitted, clean)
    magnitude = graph.inline(fitted.magnitude, clean, "magnitude")
    zero = graph.constant("zero", np.float32(0))
    graph.add("Max", [magnitude, zero], "magnitude")
    add_confidence(graph, fitted, clean, direction)
    add_risk(graph, fitted, clean, zero)
    return serialize(graph, metadata, width=len(fitted.cleaning.fill))


def add_cleaning(graph: Graph, fitted: Fitted) -> str:
    cleaning = fitted.cleaning
    fill = graph.constant("fill", cleaning.fill.reshape(1, -1))
    low = graph.constant("low", cleaning.low.reshape(1, -1))
    high = graph.constant("high", cleaning.high.reshape(1, -1))
    unknown = graph.add("IsNaN", [INPUT], "unknown")
    filled = graph.add("Where", [unknown, fill, INPUT], "filled")
    raised = graph.add("Max", [filled, low], "raised")
    return graph.add("Min", [raised, high], "clean")


def add_direction(graph: Graph, fitted: Fitted, clean: str) -> str:
    """Shares of the labels that were seen, each put to the place of its action."""
    shares = graph.inline(fitted.direction, clean, "direction", output=1)
    places = np.zeros((len(fitted.direction.classes_), len(ACTIONS)), dtype=np.float32)
    places[np.arange(len(places)), fitted.direction.classes_] = 1
    return graph.add("MatMul", [shares, graph.constant("places", places)], "direction")


def add_confidence(graph: Graph, fitted: Fitted, clean: str, direction: str) -> None:
    joined = graph.add("Concat", [clean, direction], "joined", axis=1)
    weights = graph.constant("weights", fitted.confidence.coef_.T.astype(np.float32))
    bias = graph.constant("bias", fitted.confidence.intercept_.astype(np.float32))
    logit = graph.add("Gemm", [joined, weights, bias], "logit")
    graph.add("Sigmoid", [logit], "confidence")


def add_risk(graph: Graph, fitted: Fitted, clean: str, zero: str) -> None:
    scaled = graph.inline(fitted.scaler, clean, "scaler")
    score = graph.inline(fitted.risk, scaled, "risk")
    spread = graph.constant("spread", np.float32(fitted.risk_spread))
    mean = graph.constant("mean", np.float32(fitted.risk_mean))
    spread_out = graph.add("Mul", [score, spread], "spread_out")
    shifted = graph.add("Add", [spread_out, mean], "shifted")
    graph.add("Max", [shifted, zero], "risk")


def serialize(graph: Graph, metadata: dict[str, str], width: int) -> bytes:
    def port(name: str, columns: int) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", columns])

    model: ModelProto = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "corro",
            [port(INPUT, width)],
            [port(name, columns) for name, columns in OUTPUTS],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
        ir_version=IR_VERSION,
        producer_name="corro",
    )
    helper.set_model_props(model, metadata)
    checker.check_model(model)
    return model.SerializeToString(deterministic=True)
