"""Thresholds, keys that come twice, kinds of keys, and signatures that are wrong."""

import json

import pytest

from repository import NEW_KEY, new_key


def edit(repo, role, change):
    """Changes the newest version of a role as it is given out, without signing it anew."""
    metadata = json.loads(repo.newest(role))
    change(metadata["signatures"])
    repo.shown[role][-1] = json.dumps(metadata).encode()


def test_snapshot_does_not_meet_threshold(client, repo):
    repo.root.roles["snapshot"].threshold = 3
    for _ in range(2):
        repo.add_key("snapshot")
    repo.publish("root", "targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    repo.signers["snapshot"].popitem()
    repo.publish("targets", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.version("snapshot") == 2


def test_snapshot_has_too_few_keys(client, repo):
    for _ in range(4):
        repo.add_key("snapshot")
    repo.root.roles["snapshot"].threshold = 6
    repo.publish("root", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.version("root") == 2
    assert client.version("snapshot") is None


def test_duplicate_keys(client, repo):
    signer = repo.add_key("snapshot")
    keyid = signer.public_key.keyid
    repo.root.roles["snapshot"].keyids.extend([keyid] * 8)
    repo.root.roles["snapshot"].threshold = 6
    repo.publish("root", "snapshot", "timestamp")
    edit(repo, "snapshot", lambda signatures: signatures.extend([s for s in signatures if s["keyid"] == keyid] * 8))
    assert client.refresh() == 1
    assert client.version("snapshot") is None


def test_duplicate_sig_keyids(client, repo):
    edit(repo, "snapshot", lambda signatures: signatures.append(signatures[0]))
    assert client.refresh() == 1
    assert client.version("snapshot") is None


@pytest.mark.parametrize("kind", NEW_KEY)
def test_keytype_and_scheme(client, repo, kind):
    signer = repo.add_key("root", new_key(kind))
    repo.root.roles["root"].threshold += 1
    repo.publish("root")
    assert client.refresh() == 0
    assert client.version("root") == 2
    # The right key, and another text.
    repo.publish("root")
    wrong = signer.sign(b"something else")
    edit(repo, "root", lambda signatures: [s.update(sig=wrong.signature) for s in signatures if s["keyid"] == wrong.keyid])
    assert client.refresh() == 1
    assert client.version("root") == 2


def test_invalid_sig_in_valid_metadata(client, repo):
    (former,) = repo.signers["timestamp"].values()
    repo.add_key("timestamp")
    repo.publish("root", "timestamp")
    for wrong in (former.sign(b"something else").signature, ""):
        keyid = former.public_key.keyid
        edit(repo, "timestamp", lambda signatures: [s.update(sig=wrong) for s in signatures if s["keyid"] == keyid])
        assert client.refresh() == 0
        repo.publish("timestamp")
