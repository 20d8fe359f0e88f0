"""The client under test, driven as the suite does: https://github.com/theupdateframework/tuf-conformance, CLIENT-CLI.md."""

import json
import subprocess


class Client:
    def __init__(self, command, url, folder):
        self.command, self.url = command, url
        self.metadata, self.artifacts = folder / "metadata", folder / "targets"
        self.metadata.mkdir()
        self.artifacts.mkdir()
        self.first_root = folder / "first-root.json"
        self.said = []

    def run(self, *words, at=None):
        clock = ["faketime", at.strftime("%Y-%m-%d %H:%M:%S +0000")] if at else []
        command = [*clock, self.command, "--metadata-dir", self.metadata, *words]
        done = subprocess.run(command, timeout=60, check=False, stderr=subprocess.PIPE, text=True)
        print(done.stderr, end="")
        self.said.append(done.stderr)
        return done.returncode

    def init(self, root):
        self.first_root.write_bytes(root)
        return self.run("init", self.first_root)

    def refresh(self, at=None):
        return self.run("--metadata-url", f"{self.url}/metadata/", "refresh", at=at)

    def download(self, *names, at=None):
        places = ["--metadata-url", f"{self.url}/metadata/", "--target-base-url", f"{self.url}/targets/"]
        wanted = [word for name in names for word in ("--target-name", name)]
        return self.run(*places, *wanted, "--target-dir", self.artifacts, "download", at=at)

    def held(self, role):
        """The trusted file of a role as it is; None without."""
        path = self.metadata / f"{role}.json"
        return path.read_bytes() if path.exists() else None

    def version(self, role):
        held = self.held(role)
        return held and json.loads(held)["signed"]["version"]

    def trusted(self):
        """Version of each role that is trusted."""
        return {path.stem: self.version(path.stem) for path in self.metadata.glob("*.json")}

    def downloaded(self):
        files = (path for path in self.artifacts.rglob("*") if path.is_file())
        return sorted(path.read_bytes() for path in files)
