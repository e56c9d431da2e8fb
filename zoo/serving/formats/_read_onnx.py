"""The signatures of a folder of ONNX files. This file runs without the zoo: it needs ONNX Runtime
and NumPy."""

NEXT = "next_"
"""What the names of outputs begin with that are inputs of the next call."""


def signatures(folder):
    """`{name: function}`: of arrays by name, it gives arrays by name."""
    import onnxruntime

    found, options = {}, onnxruntime.SessionOptions()
    options.log_severity_level = 4
    for file in sorted(folder.glob("*.onnx")):
        session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        found[file.stem] = answering(session)
    return found


def answering(session):
    names = [one.name for one in session.get_outputs()]

    def answer(**inputs):
        found = zip(names, session.run(names, inputs))
        return {name.removeprefix(NEXT): array for name, array in found}

    return answer
