"""The gRPC interface of TensorFlow Serving: Predict, GetModelMetadata and GetModelStatus. What it
has besides (Classify, Regress, MultiInference, HandleReloadConfigRequest) is UNIMPLEMENTED."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc import StatusCode
from tensorflow_serving.apis import (
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from zoo.serving.server import described, proto_tensors
from zoo.serving.server.desk import Desk, Request
from zoo.serving.server.limits import wrong
from zoo.serving.server.refused import Refused
from zoo.serving.server.security import Security

HEALTH = "/grpc.health.v1.Health/"


class Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    """tensorflow.serving.PredictionService."""

    def __init__(self, desk: Desk):
        self._desk = desk

    async def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802 (gRPC's name)
        """Named tensors in, named tensors out."""
        async with _asked(self._desk, "predict", context) as noted:
            spec = request.model_spec
            servable = self._desk.find(noted, *_which(spec))
            signature = self._desk.signature(noted, servable, spec.signature_name)
            wanted = _filter(request.output_filter, signature)
            inputs = proto_tensors.tensors(request.inputs, signature.inputs, self._desk.limits)
            left = context.time_remaining()
            outputs = await self._desk.run(servable, spec.signature_name, inputs, left)
            answer = predict_pb2.PredictResponse()
            answer.model_spec.name = servable.name
            answer.model_spec.version.value = servable.version
            answer.model_spec.signature_name = noted.signature
            for name in wanted:
                memory = name in signature.inputs
                proto_tensors.fill(answer.outputs[name], outputs[name], as_content=memory)
            return answer

    async def GetModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The signatures of a model."""
        async with _asked(self._desk, "metadata", context) as noted:
            servable = self._desk.find(noted, *_which(request.model_spec))
            return described.metadata(servable, list(request.metadata_field))


class Status(model_service_pb2_grpc.ModelServiceServicer):
    """tensorflow.serving.ModelService."""

    def __init__(self, desk: Desk):
        self._desk = desk

    async def GetModelStatus(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The state of each version of a model."""
        async with _asked(self._desk, "status", context):
            return described.status(self._desk.models, *_which(request.model_spec))


class Guard(grpc.aio.ServerInterceptor):
    """Refuses requests without the token, but for health, and bytes that are no message."""

    def __init__(self, security: Security):
        self._security = security

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], details: Any
    ) -> Any:
        """The handler of a request, or one that refuses it."""
        if not details.method.startswith(HEALTH):
            try:
                said = dict(details.invocation_metadata).get("authorization", "")
                self._security.check(said if isinstance(said, str) else "")
            except Refused as refused:
                return _refusing(refused)
        return _reading(await continuation(details))


def _reading(handler: Any) -> Any:
    """The same handler, with what gRPC would call UNKNOWN refused as the client's mistake."""
    if handler is None or handler.unary_unary is None:
        return handler

    def read(sent: bytes) -> Any:
        try:
            return handler.request_deserializer(sent)
        except DecodeError:
            return None

    async def answer(message: Any, context: Any) -> Any:
        if message is None:
            await context.abort(StatusCode.INVALID_ARGUMENT, "The bytes sent are no such message.")
        return await handler.unary_unary(message, context)

    return grpc.unary_unary_rpc_method_handler(answer, read, handler.response_serializer)


def _refusing(refused: Refused) -> grpc.RpcMethodHandler:
    async def refuse(_: Any, context: Any) -> None:
        await context.abort(refused.code, refused.message)

    return grpc.unary_unary_rpc_method_handler(refuse)


@contextlib.asynccontextmanager
async def _asked(desk: Desk, method: str, context: Any) -> AsyncIterator[Request]:
    """Note a request, and end the call with what it was refused for."""
    try:
        with desk.request("grpc", method) as noted:
            yield noted
    except Refused as refused:
        await context.abort(refused.code, refused.message)


def _which(spec: Any) -> tuple[str, int | None, str | None]:
    if not spec.name:
        raise wrong("Missing model name in request.")
    version = spec.version.value if spec.HasField("version") else None
    return spec.name, version, spec.version_label or None


def _filter(names: Any, signature: Any) -> list[str]:
    """The outputs that were asked for, all where none is named."""
    if len(set(names)) < len(names):
        raise wrong("duplicate names in output_filter.")
    if unknown := [name for name in names if name not in signature.outputs]:
        there = ", ".join(signature.outputs)
        raise wrong(
            f"output tensor alias not found in signature: {unknown[0][:60]}; it has {there}."
        )
    return list(names) or list(signature.outputs)
