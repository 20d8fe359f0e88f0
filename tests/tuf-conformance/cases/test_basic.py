"""Refreshing, and what a client makes of metadata that is wrong or strange."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from securesystemslib.formats import encode_canonical
from tuf.api.metadata import MetaFile

from repository import TOP, new_key

FIRST_REFRESH = [("root", 2), ("timestamp", None), ("snapshot", 1), ("targets", 1)]


def named_by_content(signer):
    """The key's name follows from what is in it."""
    content = encode_canonical(signer.public_key.to_dict()).encode()
    signer.public_key.keyid = hashlib.sha256(content).hexdigest()
    return signer


def test_basic_refresh_requests(client, repo):
    assert client.refresh() == 0
    assert repo.asked == FIRST_REFRESH


def test_basic_refresh_trusted_data(client, repo):
    assert client.refresh() == 0
    for role in TOP:
        assert client.held(role) == repo.newest(role), role


def test_implicit_refresh(client, repo):
    assert client.download("nonexistent artifact") == 1
    assert repo.asked == FIRST_REFRESH
    for role in TOP:
        assert client.held(role) == repo.newest(role), role


def test_invalid_initial_root(newcomer, repo):
    root = json.loads(repo.newest("root"))
    del root["signed"]["version"]
    newcomer.init(json.dumps(root).encode())
    assert newcomer.refresh() == 1
    assert repo.asked == []


def test_unsigned_initial_root(newcomer, repo):
    root = json.loads(repo.newest("root"))
    root["signatures"][0]["sig"] = json.loads(repo.newest("timestamp"))["signatures"][0]["sig"]
    newcomer.init(json.dumps(root).encode())
    assert newcomer.refresh() == 1
    assert repo.asked == []


BEFORE = {
    "root": {"root": 1},
    "timestamp": {"root": 2},
    "snapshot": {"root": 2, "timestamp": 2},
    "targets": {"root": 2, "timestamp": 2, "snapshot": 2},
}


@pytest.mark.parametrize("role", BEFORE)
def test_unsigned_metadata(client, repo, role):
    repo.signers[role].popitem()
    repo.publish("root", "targets", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.trusted() == BEFORE[role]


@pytest.mark.parametrize("role", ["root", "snapshot", "targets"])
def test_url_and_metadata_version_mismatch(client, repo, role):
    # It says 3, and lies where 2 is asked for.
    repo.role(role).version += 1
    for each in ("root", "targets", "snapshot", "timestamp"):
        repo.publish(each)
        repo.snapshot.meta["targets.json"].version = 2
        repo.timestamp.snapshot_meta.version = 2
    assert json.loads(repo.shown[role][1])["signed"]["version"] == 3
    assert client.refresh() == 1
    assert client.trusted() == BEFORE[role]


def test_timestamp_content_changes(client, repo):
    assert client.refresh() == 0
    repo.forget("timestamp")
    repo.timestamp.snapshot_meta.version = 100
    repo.publish("timestamp")
    assert client.refresh() == 0
    assert repo.asked[-1] == ("timestamp", None)
    assert json.loads(client.held("timestamp"))["signed"]["meta"]["snapshot.json"]["version"] == 1


def test_basic_metadata_hash_support(client, repo):
    repo.with_hashes = True
    repo.publish("targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    repo.publish("targets")
    repo.snapshot.meta["targets.json"].hashes["sha256"] = hashlib.sha256(b"something else").hexdigest()
    repo.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.version("snapshot") == 3
    assert client.version("targets") == 2


def test_metadata_bytes_match(client, repo):
    repo.shown["timestamp"][-1] += b" \n "
    assert client.refresh() == 0
    assert client.held("timestamp") == repo.newest("timestamp")


def test_custom_fields(client, repo):
    assert client.refresh() == 0
    signer = new_key()
    signer.public_key.unrecognized_fields["more"] = {"a": 1, "b": [2]}
    repo.add_key("root", named_by_content(signer))
    repo.root.unrecognized_fields["more"] = "of it"
    repo.root.roles["root"].unrecognized_fields["and-more"] = "of that"
    repo.publish("root")
    assert client.refresh() == 0
    assert client.version("root") == 2


def test_deprecated_keyid_hash_algorithms(client, repo):
    (former,) = repo.root.roles["snapshot"].keyids
    repo.root.revoke_key(former, "snapshot")
    del repo.signers["snapshot"][former]
    signer = new_key()
    signer.public_key.unrecognized_fields["keyid_hash_algorithms"] = "md5"
    repo.add_key("snapshot", named_by_content(signer))
    repo.publish("root", "snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.version("root") == client.version("snapshot") == 2


def test_snapshot_404(client, repo):
    assert client.refresh() == 0
    repo.timestamp.snapshot_meta.version += 1
    repo.publish("timestamp")
    assert client.refresh() == 1
    assert repo.asked[-1] == ("snapshot", 2)
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 1, "targets": 1}


def test_targets_404(client, repo):
    assert client.refresh() == 0
    repo.snapshot.meta["targets.json"].version += 1
    repo.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert repo.asked[-1] == ("targets", 2)
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 1}


def test_timestamp_404(client, repo):
    assert client.refresh() == 0
    del repo.shown["timestamp"]
    assert client.refresh() == 1
    assert repo.asked[-1] == ("timestamp", None)


def test_incorrect_metadata_type(client, repo):
    # A snapshot that would do as a timestamp in all but its type: signed by the timestamp's key, and it lists a snapshot.
    repo.add_key("snapshot", next(iter(repo.signers["timestamp"].values())))
    repo.snapshot.meta = {"snapshot.json": MetaFile(1)}
    repo.publish("root", "snapshot")
    repo.shown["timestamp"].append(repo.shown["snapshot"].pop())
    assert client.refresh() == 1
    assert client.trusted() == {"root": 2}


def test_faketime(client, repo):
    now = datetime.now(UTC)
    repo.root.expires = now + timedelta(days=7)
    repo.publish("root")
    assert client.refresh() == 0
    assert client.refresh(at=now + timedelta(days=8)) == 1
