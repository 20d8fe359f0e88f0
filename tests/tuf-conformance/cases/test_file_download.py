"""Files: the right ones are taken, and no others."""

import pytest
from tests.repository_simulator import RepositoryTarget
from tuf.api.metadata import TargetFile

ALL = ("targets", "snapshot", "timestamp")


def test_client_downloads_expected_file(client, repo):
    repo.add_artifact("targets", b"content", "file.txt")
    repo.publish(*ALL)
    assert client.refresh() == 0
    assert client.downloaded() == []
    assert client.download("file.txt") == 0
    assert client.downloaded() == [b"content"]


def test_client_downloads_expected_file_in_sub_dir(client, repo):
    repo.add_artifact("targets", b"content", "path/to/a/file.txt")
    repo.publish(*ALL)
    assert client.download("path/to/a/file.txt") == 0
    assert client.downloaded() == [b"content"]


def test_repository_substitutes_target_file(client, repo):
    repo.add_artifact("targets", b"one", "one.txt")
    repo.add_artifact("targets", b"two", "two.txt")
    repo.publish(*ALL)
    assert client.download("one.txt") == 0
    for name in ("one.txt", "two.txt"):
        repo.artifacts[name].data = b"bad"
    # Whether this one is asked for again is up to the client.
    client.download("one.txt")
    assert client.downloaded() == [b"one"]
    assert client.download("two.txt") == 1
    assert client.downloaded() == [b"one"]


def test_multiple_changes_to_target(client, repo):
    repo.add_artifact("targets", b"content", "file.txt")
    repo.publish(*ALL)
    assert client.download("file.txt") == 0
    others = []
    for turn in range(11):
        now, new = f"content {turn}".encode(), f"new {turn}".encode()
        repo.add_artifact("targets", now, "file.txt")
        repo.add_artifact("targets", new, f"new-{turn}")
        repo.publish(*ALL)
        # The client sees every fifth version.
        if turn % 5:
            continue
        assert client.download("file.txt") == 0
        assert client.download(f"new-{turn}") == 0
        others.append(new)
        assert client.downloaded() == sorted([now, *others])
        repo.artifacts["file.txt"].data = b"bad"
        repo.publish(*ALL)
        client.download("file.txt")
        assert client.downloaded() == sorted([now, *others])


def add_with(repo, *hashes):
    target = TargetFile.from_data("file.txt", b"content", list(hashes))
    repo.targets.targets["file.txt"] = target
    repo.artifacts["file.txt"] = RepositoryTarget(b"content", target)
    return target


# Named by pytest, here and in the suite: hashes0, hashes1, hashes2.
@pytest.mark.parametrize("hashes", [["sha256"], ["sha512"], ["sha256", "sha512"]])
def test_download_with_hash_algorithms(client, repo, hashes):
    target = add_with(repo, *hashes)
    repo.publish(*ALL)
    assert client.download("file.txt") == 0
    ((path, digest),) = repo.asked_artifacts
    assert path == "file.txt"
    assert digest in target.hashes.values()
    assert client.downloaded() == [b"content"]


def test_download_with_unknown_hash_algorithm(client, repo):
    target = add_with(repo, "sha512")
    target.hashes = {"unknown-hash": target.hashes["sha512"]}
    repo.publish(*ALL)
    assert client.download("file.txt") == 1
    assert client.downloaded() == []


def test_artifact_cache(client, repo):
    repo.add_artifact("targets", b"content", "file.txt")
    repo.publish(*ALL)
    assert client.download("file.txt") == 0
    assert client.download("file.txt") == 0
    assert len(repo.asked_artifacts) == 1
