package mend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"holdfast.dev/engine/internal/names"
)

// formerPrefix begins the name of the copy that was taken before another minor
// release of Kubernetes wrote for the first time: `before-upgrade-from-1.36.db`.
const formerPrefix = "before-upgrade-from-"

var minorOf = regexp.MustCompile(`^v?([0-9]+\.[0-9]+)`)

// former is the copy's path for a version, `1.36` and `v1.36.3` alike.
func (p Policy) former(version string) string {
	match := minorOf.FindStringSubmatch(version)
	if match == nil {
		return ""
	}
	return filepath.Join(p.Snapshots, formerPrefix+match[1]+".db")
}

// keepFormer keeps a copy of the database as the release with Former left it,
// for as long as no other one is made: that release puts it back if it cannot
// read what a newer one left, and only then. One that is there is not taken
// anew: the tries of one trial share it.
func (p Policy) keepFormer(ctx context.Context, found finding, log func(string, ...any)) {
	path := p.former(p.Former)
	if path == "" || found.database != whole || names.Has(path) {
		return
	}
	if err := p.takeFormer(ctx, path); err != nil {
		log("datastore: no copy of what Kubernetes %s left: %v", p.Former, err)
		return
	}
	log("datastore: %s is what Kubernetes %s left", path, p.Former)
}

func (p Policy) takeFormer(ctx context.Context, path string) error {
	if err := p.hasRoom(); err != nil {
		return err
	}
	copied := filepath.Join(p.Snapshots, part)
	if err := p.copyTo(ctx, copied); err != nil {
		return errors.Join(err, removeDatabase(copied))
	}
	if err := os.Rename(copied, path); err != nil {
		return err
	}
	return errors.Join(names.Sync(p.Snapshots), p.removeFormers(path))
}

// removeFormers removes all but one.
func (p Policy) removeFormers(but string) error {
	entries, err := os.ReadDir(p.Snapshots)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(p.Snapshots, entry.Name())
		if strings.HasPrefix(entry.Name(), formerPrefix) && path != but {
			err = errors.Join(err, names.Remove(path))
		}
	}
	if err != nil {
		return fmt.Errorf("remove copies of earlier upgrades: %w", err)
	}
	return nil
}

// withFormer gives the copies that can take the database's place, the best
// first: snapshots, and then what this minor left before an upgrade.
func (p Policy) withFormer(snapshots []snapshot) []snapshot {
	if path := p.former(p.Version); path != "" && names.Has(path) {
		return append(snapshots, snapshot{path: path, taken: modified(path)})
	}
	return snapshots
}
