"""The signatures of a file of LiteRT. This file runs without the zoo: it needs ai-edge-litert and
NumPy."""


def signatures(folder):
    """`{name: function}`: of arrays by name, it gives arrays by name."""
    from ai_edge_litert.interpreter import Interpreter

    model = Interpreter(str(folder / "model.tflite"))
    return {name: model.get_signature_runner(name) for name in model.get_signature_list()}
