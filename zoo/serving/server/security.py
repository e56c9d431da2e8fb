"""Who may ask: a bearer token, and a certificate by which clients know the server."""

import hmac
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc import StatusCode

from zoo.core.errors import ZooError
from zoo.serving.server.refused import Refused

VARIABLE = "ZOO_SERVE_TOKEN"
SHORTEST = 16


@dataclass(frozen=True)
class Security:
    """A token that every request but those for health must carry, empty for none; and the PEM
    files of TLS, both or none."""

    token: str = ""
    certificate: Path | None = None
    key: Path | None = None

    def check(self, authorization: str) -> None:
        """Raises Refused(UNAUTHENTICATED) unless a request's `Authorization` has the token."""
        kind, _, token = authorization.partition(" ")
        same = hmac.compare_digest(token.strip().encode(errors="replace"), self.token.encode())
        if self.token and not (kind.lower() == "bearer" and same):
            message = "expected the header 'Authorization: Bearer <token>' with the server's token."
            raise Refused(StatusCode.UNAUTHENTICATED, message)

    def of_rest(self) -> ssl.SSLContext | None:
        """For HTTPS. Raises ZooError for files that are no certificate with its key."""
        if not self.certificate:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as wrong:
            reason = wrong.strerror or "not a certificate and its key"
            text = f"{self.certificate} and {self.key}: expected PEM files: {reason}."
            raise ZooError(text, "--certificate") from wrong
        return context

    def of_grpc(self) -> grpc.ServerCredentials | None:
        """The same for gRPC."""
        if not (self.certificate and self.key):
            return None
        return grpc.ssl_server_credentials([(self.key.read_bytes(), self.certificate.read_bytes())])


def security(token_file: Path | None, certificate: Path | None, key: Path | None) -> Security:
    """What a command line asks for; the token is read from a file or the environment, for a
    command line is seen by everybody on the machine. Raises ZooError."""
    if bool(certificate) != bool(key):
        raise ZooError("--certificate and --key belong together: give both or none.")
    token = os.environ.get(VARIABLE, "")
    if token_file:
        try:
            token = token_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as wrong:
            raise ZooError(f"{token_file}: cannot be read as text.", "--token-file") from wrong
    if (token or token_file) and len(token) < SHORTEST:
        place = "--token-file" if token_file else VARIABLE
        text = f"found a token of {len(token)} characters, expected at least {SHORTEST}."
        raise ZooError(text, place)
    found = Security(token, certificate, key)
    found.of_rest()
    return found
