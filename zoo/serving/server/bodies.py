"""The body of an HTTP request: so large, so fast, and inflated no further than that."""

import asyncio
import zlib
from collections.abc import Callable
from typing import Any

from grpc import StatusCode

from zoo.serving.server.limits import Limits, wrong
from zoo.serving.server.refused import Refused


class Unread(Refused):
    """A body that was left unread; HTTP has a status of its own for that."""

    def __init__(self, code: StatusCode, status: int, message: str):
        super().__init__(code, message)
        self._status = status

    @property
    def http_status(self) -> int:
        return self._status


async def body(request: Any, limits: Limits) -> bytes:
    """All of a request's body, inflated where it is gzip.

    Raises Unread for more than `body_bytes` (413) or longer than `read_seconds` (408), and
    Refused(INVALID_ARGUMENT) for other encodings.
    """
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("gzip", "identity"):
        raise wrong("Content-Encoding: expected gzip or none.")
    if (request.content_length or 0) > limits.body_bytes:
        raise _too_large(limits)
    if request.headers.get("Expect", "").lower() == "100-continue":  # curl asks for large bodies
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    try:
        async with asyncio.timeout(limits.read_seconds):
            return await _read(request, _gzip() if encoding == "gzip" else _plain, limits)
    except TimeoutError as error:
        text = f"The body was not sent in {limits.read_seconds:g} seconds."
        raise Unread(StatusCode.DEADLINE_EXCEEDED, 408, text) from error


async def _read(request: Any, inflate: Callable[[bytes, int], bytes], limits: Limits) -> bytes:
    found = bytearray()
    async for piece in request.content.iter_any():
        found += inflate(piece, limits.body_bytes + 1 - len(found))
        if len(found) > limits.body_bytes:
            raise _too_large(limits)
    found += inflate(b"", limits.body_bytes + 1 - len(found))
    return bytes(found)


def _plain(piece: bytes, most: int) -> bytes:
    return piece


def _gzip() -> Callable[[bytes, int], bytes]:
    """A function that inflates piece by piece, at most so many bytes; after b"" it is an error
    when the end has not come."""
    inflater = zlib.decompressobj(wbits=31)

    def inflate(piece: bytes, most: int) -> bytes:
        try:
            found = inflater.decompress(piece, most)
        except zlib.error as error:
            raise wrong("The body is not gzip, as its Content-Encoding says.") from error
        if (not piece and not inflater.eof) or inflater.unused_data:
            raise wrong("The body is gzip that ends too early or too late.")
        return found

    return inflate


def _too_large(limits: Limits) -> Unread:
    text = f"The body is larger than the {limits.body_bytes:,} bytes this server takes."
    return Unread(StatusCode.RESOURCE_EXHAUSTED, 413, text)
