// Package mend keeps a node's datastore usable: it looks at SQLite's files
// before they are opened, sets damaged ones aside, puts the newest good snapshot
// in their place, and takes snapshots while the datastore is in use.
//
// Flow at each start: finish what a power cut interrupted, check, decide (one
// pure function, [decide]), act. Guarantees: no file that was found damaged is
// deleted; each step can lose power; a database that was put back has
// `state.db-restored` beside it before it is there, so that no revision is given
// twice. docs/design/datastore-repair.md has the reasons.
package mend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"holdfast.dev/engine/internal/durable"
	"holdfast.dev/engine/internal/names"
)

// Policy is what the operator and the plan say.
type Policy struct {
	// Database is SQLite's file.
	Database string
	// Snapshots is the folder of snapshots; nothing is done if it is empty.
	Snapshots string
	// Keep is how many snapshots are kept.
	Keep int
	// Rate is how many bytes snapshots may write in an hour, in the long run.
	Rate int64
	// Damaged is what happens with a database that is damaged.
	Damaged WhenDamaged
	// Version of the software that writes the database.
	Version string
	// Former is the minor release that wrote it last, while a newer one is on
	// trial: what that left is kept. Empty otherwise.
	Former string
	// Now is the clock.
	Now func() time.Time
}

// WhenDamaged says what happens with a damaged database.
type WhenDamaged string

const (
	// Stop leaves everything as it is, for a person to look at.
	Stop WhenDamaged = "stop"
	// Repair sets it aside, and puts back the best that there is.
	Repair WhenDamaged = "repair"
)

// UnmarshalText is for the flag.
func (w *WhenDamaged) UnmarshalText(text []byte) error {
	switch value := WhenDamaged(text); value {
	case Stop, Repair:
		*w = value
		return nil
	}
	return fmt.Errorf("%q is neither %s nor %s", text, Stop, Repair)
}

// MarshalText is for the flag.
func (w WhenDamaged) MarshalText() ([]byte, error) { return []byte(w), nil }

// mostAside is how many damaged databases are kept. None is ever deleted; a disk
// that damaged so many, and nobody came, damages the next one too.
const mostAside = 8

// Ensure makes the database usable before it is opened. It gives an error when
// that cannot be done or may not be; nothing was changed then, or the next call
// goes on.
func (p Policy) Ensure(ctx context.Context, log func(string, ...any)) error {
	if p.Snapshots == "" {
		return nil
	}
	if err := os.MkdirAll(p.Snapshots, 0o700); err != nil {
		return err
	}
	if err := p.finishInterrupted(ctx, log); err != nil {
		return err
	}
	snapshots, err := list(p.Snapshots)
	if err != nil {
		return err
	}
	found, err := p.examine(ctx)
	if err != nil {
		return fmt.Errorf("check the datastore %s: %w", p.Database, err)
	}
	switch decide(found, len(p.withFormer(snapshots)) > 0, p.Damaged) {
	case leave:
		if err := os.Remove(p.suspect()); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		p.keepFormer(ctx, found, log)
		p.beforeUpgrade(ctx, found, snapshots, log)
		return nil
	case refuse:
		return fmt.Errorf("the datastore %s is damaged (%s), and config.yaml says to leave it as it is (`state.when_damaged: stop`; `repair` puts the best that there is in its place)", p.Database, found.why)
	case setLogAside:
		return p.replace(ctx, record{Why: found.why, What: logOnly, AsOf: modified(p.Database)}, log)
	case putBack:
		return p.replace(ctx, record{Why: found.why, What: undecided}, log)
	}
	return errors.New("no decision about the datastore")
}

// beforeUpgrade takes a snapshot when other software wrote the database last:
// what it writes the older one may not read.
func (p Policy) beforeUpgrade(ctx context.Context, found finding, snapshots []snapshot, log func(string, ...any)) {
	if found.database != whole || len(snapshots) == 0 || snapshots[0].version == safeVersion(p.Version) {
		return
	}
	if err := p.Take(ctx); err != nil {
		log("datastore: no snapshot before the first start of %s: %v", p.Version, err)
		return
	}
	log("datastore: took a snapshot before the first start of %s", p.Version)
}

// suspect is the name of an empty file that asks for a whole check at the next
// start.
func (p Policy) suspect() string { return p.Database + "-suspect" }

// Suspect has the next start check everything: something was found damaged in
// use.
func (p Policy) Suspect() error {
	if p.Snapshots == "" {
		return nil
	}
	return touch(p.suspect())
}

// touch makes an empty file that lasts.
func touch(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close(), names.Sync(filepath.Dir(path)))
}

func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime().UTC()
}

func restoredMark(database string) string { return database + durable.RestoredSuffix }
