"""Encryption of the way to the broker: what the files of the configuration come to.

Certificates are always verified, host name included: a way that anybody may
intercept is not worth the word. Files are read once, at the start.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from engine.errors import UserError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths as the owner wrote them; empty: the system's authorities, no client certificate."""

    authority: str = ""
    certificate: str = ""
    key: str = ""


def context(files: TlsFiles) -> ssl.SSLContext:
    """A context of TLS 1.2 or newer that verifies. Raises UserError naming key and file."""
    try:
        made = ssl.create_default_context(cafile=files.authority or None)
    except (OSError, ssl.SSLError) as error:
        raise _unusable("mqtt.ca_file", files.authority, error, "a PEM certificate") from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if files.certificate:
        try:
            # A key that asks for a password would ask on a terminal that a service has not.
            made.load_cert_chain(files.certificate, files.key or None, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            named = f"{files.certificate}, {files.key}" if files.key else files.certificate
            what = "a PEM certificate, with its key unencrypted"
            raise _unusable("mqtt.cert_file", named, error, what) from None
    return made


def _unusable(key: str, path: str, error: OSError, expected: str) -> UserError:
    reason = "not a certificate and its key" if isinstance(error, ssl.SSLError) else error.strerror
    return UserError(f"{key}: {path} cannot be used ({reason})", f"give {expected}")


def why_not_trusted(error: ssl.SSLError) -> str:
    """The reason in words, without OpenSSL's file names and numbers."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.reason or "no encryption there").replace("_", " ").lower()
