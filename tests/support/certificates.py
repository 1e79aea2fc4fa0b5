"""A certificate authority of a test's own, and what it signed for some names."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_WHILE = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=36_500))


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files: the authority to trust, and a server's chain with its key."""

    authority: Path
    chain: Path

    def context(self) -> ssl.SSLContext:
        """For a server that shows them."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context


def certificates(folder: Path, *names: str) -> Certificates:
    """Signed for `names`, host names or addresses."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A test's authority")])
    ca = _builder(issuer, issuer, ca_key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    leaf = _builder(issuer, subject, key).add_extension(
        x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
    )
    made = Certificates(folder / "authority.pem", folder / "server.pem")
    made.authority.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    signed = leaf.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    made.chain.write_bytes(key.private_bytes(*plain) + signed)
    return made


def _builder(issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    began, ends = _WHILE
    builder = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(key.public_key())
    return builder.serial_number(x509.random_serial_number()).not_valid_before(began).not_valid_after(ends)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
