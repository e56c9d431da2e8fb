"""What the server says of its models, in the messages of TensorFlow Serving."""

from typing import Any

from google.protobuf import json_format
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from zoo.serving.server.limits import wrong

FIELD = "signature_def"
PREDICT = "tensorflow/serving/predict"


def status(models: Any, name: str, version: int | None, label: str | None) -> Any:
    """A GetModelStatusResponse. Raises Refused(NOT_FOUND)."""
    answer = get_model_status_pb2.GetModelStatusResponse()
    for number, state, code, message in models.status(name, version, label):
        one = answer.model_version_status.add(version=number, state=state)
        one.status.error_code = code.value[0]
        one.status.error_message = message
    return answer


def metadata(servable: Any, fields: list[str]) -> Any:
    """A GetModelMetadataResponse. Raises Refused(INVALID_ARGUMENT) for fields there are not."""
    if not fields:
        raise wrong("GetModelMetadataRequest must specify at least one metadata_field")
    if other := [field for field in fields if field != FIELD]:
        raise wrong(f"Metadata field {other[0][:60]} is not supported")
    answer = get_model_metadata_pb2.GetModelMetadataResponse()
    answer.model_spec.name = servable.name
    answer.model_spec.version.value = servable.version
    answer.metadata[FIELD].Pack(_signatures(servable))
    return answer


def status_json(models: Any, name: str, version: int | None, label: str | None) -> str:
    """The same as JSON: states and codes by name, all fields printed."""
    return _json(status(models, name, version, label))


def metadata_json(servable: Any) -> str:
    """The same as JSON. The signatures are printed by themselves: within the message they are an
    Any, which JSON would print with its type."""
    spec = metadata(servable, [FIELD]).model_spec
    signatures = _json(_signatures(servable))
    return f'{{"model_spec": {_json(spec)}, "metadata": {{"{FIELD}": {signatures}}}}}'


def _signatures(servable: Any) -> Any:
    found = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in servable.signatures.items():
        one = found.signature_def[name]
        one.method_name = PREDICT
        _fill(one.inputs, f"{name}_", signature.inputs)
        _fill(one.outputs, f"{name}_", signature.outputs)
    return found


def _fill(tensors: Any, prefix: str, specs: dict[str, Any]) -> None:
    for name, spec in specs.items():
        info = meta_graph_pb2.TensorInfo(name=f"{prefix}{name}:0")
        info.dtype = spec.dtype.as_datatype_enum
        info.tensor_shape.CopyFrom(spec.shape.as_proto())
        tensors[name].CopyFrom(info)


def _json(message: Any) -> str:
    return json_format.MessageToJson(
        message, always_print_fields_with_no_presence=True, preserving_proto_field_name=True
    )
