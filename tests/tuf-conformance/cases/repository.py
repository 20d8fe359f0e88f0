"""A repository that changes under a client's eyes: the simulator of the `tuf` package behind a shop window.

The simulator gives out what is being edited, signed at the moment it is asked for. Here a client gets what was published, each
version under its number, so that a case can show it an old file, a wrong one, or none.
"""

import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

from securesystemslib.signer import CryptoSigner
from tests.repository_simulator import RepositorySimulator
from tuf.api.metadata import MetaFile

TOP = ("root", "timestamp", "snapshot", "targets")
NEW_KEY = {
    "ed25519/ed25519": CryptoSigner.generate_ed25519,
    "ecdsa/ecdsa-sha2-nistp256": CryptoSigner.generate_ecdsa,
    "rsa/rsassa-pss-sha256": CryptoSigner.generate_rsa,
}


def new_key(kind="ed25519/ed25519"):
    return NEW_KEY[kind]()


class Repository:
    def __init__(self):
        self.simulator = RepositorySimulator()
        self.root = self.simulator.root
        self.timestamp = self.simulator.timestamp
        self.snapshot = self.simulator.snapshot
        self.targets = self.simulator.targets
        self.signers = self.simulator.signers
        self.artifacts = self.simulator.target_files
        self.safe_expiry = self.simulator.safe_expiry
        # Whether timestamp and snapshot name digest and length of what they list.
        self.with_hashes = False
        # What clients get: each role's versions in order, the first under the number 1.
        self.shown = {}
        # What they asked for: role and number, path and digest in the name.
        self.asked = []
        self.asked_artifacts = []
        self.publish("targets", "snapshot", "timestamp", "root")

    def role(self, name):
        """The content of any role, to be changed."""
        if name in TOP:
            return getattr(self, name)
        return self.simulator.md_delegates[name].signed

    def add_key(self, role, signer=None, delegator="root"):
        signer = signer or new_key()
        self.role(delegator).add_key(signer.public_key, role)
        self.simulator.add_signer(role, signer)
        return signer

    def add_artifact(self, role, data, path):
        self.simulator.add_target(role, data, path)

    def delegate(self, delegator, role, targets):
        self.simulator.add_delegation(delegator, role, targets)

    def publish(self, *roles):
        """Gives out a new version of each, in this order. What was forgotten keeps the number that it has."""
        for role in roles:
            content = self.role(role)
            versions = self.shown.setdefault(role, [])
            content.version += bool(versions)
            versions.append(self.signed(role))
            if role == "snapshot":
                self.timestamp.snapshot_meta = self.meta(role)
            elif role not in ("root", "timestamp"):
                self.snapshot.meta[f"{role}.json"] = self.meta(role)

    def signed(self, role):
        if role == "root":
            self.simulator.publish_root()
            return self.simulator.signed_roots[-1]
        return self.simulator.fetch_metadata(role)

    def meta(self, role):
        version, newest = self.role(role).version, self.shown[role][-1]
        if not self.with_hashes:
            return MetaFile(version)
        return MetaFile(version, len(newest), {"sha256": hashlib.sha256(newest).hexdigest()})

    def forget(self, role, version=1):
        """All versions of it are gone, and the next one has this number."""
        del self.shown[role]
        self.role(role).version = version

    def newest(self, role):
        return self.shown[role][-1]

    def fetch(self, path):
        """What lies there; None where nothing does."""
        kind, _, name = path.partition("/")
        if kind == "metadata" and name.endswith(".json"):
            return self.metadata(name.removesuffix(".json"))
        return self.artifact(name) if kind == "targets" else None

    def metadata(self, name):
        number, _, role = name.partition(".")
        if not number.isdigit():
            number, role = None, name
        self.asked.append((role, int(number) if number else None))
        versions = self.shown.get(unquote(role), [])
        if number is None:
            return versions[-1] if versions else None
        return versions[int(number) - 1] if 1 <= int(number) <= len(versions) else None

    def artifact(self, name):
        folder, slash, last = name.rpartition("/")
        digest, _, last = last.partition(".")
        path = folder + slash + last
        self.asked_artifacts.append((path, digest))
        there = self.artifacts.get(path)
        return there.data if there and digest in there.target_file.hashes.values() else None


class Server:
    """Gives out what `fetch` finds, on loopback."""

    def __init__(self, fetch):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                data = fetch(self.path.lstrip("/"))
                self.send_response(404 if data is None else 200)
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
