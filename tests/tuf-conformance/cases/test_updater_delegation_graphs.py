"""Files that others than the targets role sign: in which order they are asked, and for what. The graphs are those of the tests in
the archive of `tuf`, which the suite's are made after."""

import re

import pytest
from tests.test_updater_delegation_graphs import TargetTestCase, TestDelegationsGraphs, TestTargetFileSearch
from tests.test_updater_delegation_graphs import TestDelegation as Delegation
from tests.test_updater_delegation_graphs import TestTarget as Artifact
from tuf.api.metadata import DelegatedRole, Targets

# Names that pytest would take for cases.
tree = TestTargetFileSearch.delegations_tree
searches = dict(TestTargetFileSearch.targets)
graphs = {
    re.sub(r"[^\w-]+", "-", name.replace("'", "")): graph
    for name, graph in TestDelegationsGraphs.graphs.items()
    if name != "max number of delegations"
}
del TestDelegationsGraphs, TestTargetFileSearch

# What the suite looks for beyond those.
tree.delegations[0].paths.append("foo-?.tgz")
for name in ("releases/README.md", "foo-1.tgz", "foo-alpha.tgz"):
    tree.target_files.append(Artifact("A", name.encode(), name))
searches |= {
    "wildcard does not match path separator": TargetTestCase("releases/README.md", False),
    "targetpath matches question mark wildcard": TargetTestCase("foo-1.tgz", True, ["A"]),
    "targetpath does not match question mark wildcard": TargetTestCase("foo-alpha.tgz", False),
    "targetpath matching is case sensitive": TargetTestCase("README.MD", False),
}


def build(repo, graph):
    roles = []
    for each in graph.delegations:
        known = repo.simulator.md_delegates.get(each.rolename)
        content = known.signed if known else Targets(expires=repo.safe_expiry)
        role = DelegatedRole(each.rolename, [], each.threshold, each.terminating, each.paths)
        repo.delegate(each.delegator, role, content)
        roles += [each.delegator, each.rolename]
    for each in graph.target_files:
        repo.add_artifact(each.rolename, each.content, each.targetpath)
    repo.publish(*dict.fromkeys(roles), "snapshot", "timestamp")


@pytest.mark.parametrize("graph", graphs.values(), ids=graphs)
def test_graph_traversal(client, repo, graph):
    build(repo, graph)
    assert client.download("missingpath") == 1
    assert repo.asked[4:] == [(role, 1) for role in graph.visited_order]


@pytest.mark.parametrize("search", searches.values(), ids=searches)
def test_targetfile_search(client, repo, search):
    build(repo, tree)
    assert client.download(search.targetpath) == (0 if search.found else 1)
    content = [each.content for each in tree.target_files if each.targetpath == search.targetpath]
    assert client.downloaded() == (content if search.found else [])
    assert repo.asked[4:] == [(role, 1) for role in search.visited_order]


def test_cached_role_is_verified_against_current_delegator(client, repo):
    content = Targets(expires=repo.safe_expiry)
    for parent in ("parent-a", "parent-b"):
        paths = [f"{parent}/*"]
        repo.delegate("targets", DelegatedRole(parent, [], 1, False, paths), Targets(expires=repo.safe_expiry))
        repo.delegate(parent, DelegatedRole("release", [], 1, False, paths), content)
        repo.add_artifact("release", parent.encode(), f"{parent}/file")
    # It is signed by the key that one parent names for it, and not by the other's.
    (theirs,) = repo.role("parent-b").delegations.roles["release"].keyids
    del repo.signers["release"][theirs]
    repo.publish("release", "parent-a", "parent-b", "targets", "snapshot", "timestamp")
    assert client.download("parent-a/file", "parent-b/file") == 1
    assert client.downloaded() == [b"parent-a"]


def test_delegation_not_in_snapshot(client, repo):
    repo.delegate("targets", DelegatedRole("others", [], 1, False, ["theirs/*"]), Targets(expires=repo.safe_expiry))
    repo.publish("others", "targets")
    del repo.snapshot.meta["others.json"]
    repo.publish("snapshot", "timestamp")
    assert client.refresh() == 0
    repo.asked.clear()
    assert client.download("theirs/file") == 1
    assert client.version("others") is None
    assert repo.asked == [("root", 2), ("timestamp", None)]
