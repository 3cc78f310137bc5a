"""A real OpenLDAP server for one test module, with a configuration and data of its own."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ldap
import ldap.modlist
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from accounts.directory.config import Directory

BASE = "dc=example,dc=org"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
ROOT = f"cn=root,{BASE}"
SERVICE = f"cn=vaxpass,{BASE}"
PASSWORD = "the password in the directory"
SECRET = "only for this test server"

CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {home}/slapd.pid
TLSCertificateFile {home}/cert.pem
TLSCertificateKeyFile {home}/key.pem
database mdb
suffix "{base}"
rootdn "{root}"
rootpw "{secret}"
directory {home}/data
maxsize 16777216
dbnosync
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{service}" read by * none
"""


@dataclass
class Slapd:
    """A running server; `person` and `group` write to it as its root."""

    home: Path
    port: int
    tls_port: int

    @property
    def directory(self) -> Directory:
        """Return what a site with this server configures."""
        return Directory(
            url=f"ldap://127.0.0.1:{self.port}",
            user_base=PEOPLE,
            group_base=GROUPS,
            groups=(
                ("nurses", "Volunteer"),
                (f"cn=dbas,{GROUPS}", "DBA"),
                ("managers", "User manager"),
            ),
            bind_dn=SERVICE,
            bind_password=SECRET,
            start_tls=True,
            ca_file=str(self.home / "cert.pem"),
        )

    def person(self, uid: str, *mails: str, groups: tuple[str, ...] = (), **more: str) -> str:
        """Add a person with `PASSWORD` and return their DN."""
        dn = f"uid={uid},{PEOPLE}"
        entry = {"cn": f"{uid} of the directory", "sn": uid, "userPassword": PASSWORD, **more}
        self.add(dn, "inetOrgPerson", mail=mails, **entry)
        for name in groups:
            self.join(name, dn)
        return dn

    def join(self, group: str, dn: str) -> None:
        """Make a person a member of a group."""
        self._modify(group, ldap.MOD_ADD, dn)

    def leave(self, group: str, dn: str) -> None:
        """Take a person out of a group."""
        self._modify(group, ldap.MOD_DELETE, dn)

    def add(self, dn: str, kind: str, **attributes: str | tuple[str, ...]) -> None:
        """Add an entry."""
        entry = {"objectClass": (kind,), **attributes}
        values = {
            key: [v.encode() for v in ([value] if isinstance(value, str) else value)]
            for key, value in entry.items()
            if value
        }
        with self._root() as connection:
            connection.add_s(dn, ldap.modlist.addModlist(values))

    def _modify(self, group: str, how: int, dn: str) -> None:
        with self._root() as connection:
            connection.modify_s(f"cn={group},{GROUPS}", [(how, "member", [dn.encode()])])

    @contextmanager
    def _root(self) -> Iterator[ldap.ldapobject.LDAPObject]:
        connection = ldap.initialize(f"ldap://127.0.0.1:{self.port}")
        connection.simple_bind_s(ROOT, SECRET)
        yield connection
        connection.unbind_s()


@contextmanager
def running(home: Path) -> Iterator[Slapd]:
    """Start a server on free ports of the loopback, with groups and nobody in them; stop it."""
    (home / "data").mkdir()
    make_certificate(home)
    config = home / "slapd.conf"
    config.write_text(
        CONFIG.format(home=home, base=BASE, root=ROOT, secret=SECRET, service=SERVICE)
    )
    server = Slapd(home, free_port(), free_port())
    urls = f"ldap://127.0.0.1:{server.port} ldaps://127.0.0.1:{server.tls_port}"
    program = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/libexec")
    assert program
    with (home / "slapd.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-d", "0", "-f", str(config), "-h", urls], stdout=log, stderr=log
        )
    try:
        wait_for(server, process)
        server.add(BASE, "dcObject", objectClass=("dcObject", "organization"), o="Example")
        server.add(PEOPLE, "organizationalUnit")
        server.add(GROUPS, "organizationalUnit")
        server.add(
            SERVICE,
            "organizationalRole",
            objectClass=("organizationalRole", "simpleSecurityObject"),
            userPassword=SECRET,
        )
        for name in ("nurses", "dbas", "managers", "gardeners"):
            server.add(f"cn={name},{GROUPS}", "groupOfNames", member=f"cn=nobody,{BASE}")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(server: Slapd, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers; raise with its last words if it ends instead."""
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError((server.home / "slapd.log").read_text())
        try:
            socket.create_connection(("127.0.0.1", server.tls_port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("slapd does not answer")


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def make_certificate(home: Path) -> None:
    """Write a certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory of a test")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (home / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (home / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
