package mend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast.dev/engine/internal/names"
)

const (
	asidePrefix = "damaged-"
	recordName  = "what.json"
)

// What stands in the place of what was set aside.
const (
	undecided    = ""
	logOnly      = "log"
	fromSnapshot = "snapshot"
	recovered    = "recovered"
	empty        = "empty"
)

// record is `what.json` in the folder of what was set aside. The keeper reads
// it, too: runtime/src/keeper/datastore.rs.
type record struct {
	// Found is when.
	Found time.Time `json:"found"`
	// Why it was found damaged, in SQLite's words or ours.
	Why string `json:"why"`
	// What is in its place: log (the same, without its log), snapshot, recovered
	// or empty.
	What string `json:"what"`
	// AsOf is the time since which changes are missing; absent when all is.
	AsOf time.Time `json:"as_of,omitzero"`
	// Holes is in how many places of a recovered one rows are missing.
	Holes int `json:"holes,omitempty"`
	// Finished says that the replacement is in its place.
	Finished bool `json:"finished"`
}

// replace sets the database aside and puts another in its place.
func (p Policy) replace(ctx context.Context, what record, log func(string, ...any)) error {
	folders, err := p.asides()
	if err != nil {
		return err
	}
	// A folder without a record is one that a cut left: nothing is in it.
	folders = slices.DeleteFunc(folders, func(folder string) bool { return !names.Has(filepath.Join(folder, recordName)) })
	if len(folders) >= mostAside {
		return fmt.Errorf("the datastore %s is damaged (%s), and %d damaged ones are kept already: replace the disk, or remove the folders %s*",
			p.Database, what.Why, len(folders), filepath.Join(filepath.Dir(p.Database), asidePrefix))
	}
	what.Found = p.Now().UTC().Truncate(time.Second)
	folder := filepath.Join(filepath.Dir(p.Database), asidePrefix+what.Found.Format(timeFormat))
	for taken, n := folder, 2; names.Has(folder); n++ {
		folder = fmt.Sprintf("%s-%d", taken, n)
	}
	err = os.Mkdir(folder, 0o700)
	if err == nil {
		if err = writeRecord(folder, what); err != nil {
			// Nothing was moved into it yet, and each start would leave another.
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}
	if err != nil {
		return fmt.Errorf("the datastore %s is damaged (%s) and cannot be set aside: it is as it was, and each start tries again; make room if the disk is full: %w",
			p.Database, what.Why, err)
	}
	return p.finish(ctx, folder, what, log)
}

// finishInterrupted finishes what a cut interrupted.
func (p Policy) finishInterrupted(ctx context.Context, log func(string, ...any)) error {
	folders, err := p.asides()
	if err != nil {
		return err
	}
	for _, folder := range folders {
		what, err := readRecord(folder)
		if err != nil {
			// Without a record nothing was moved into it yet.
			continue
		}
		if !what.Finished {
			if err := p.finish(ctx, folder, what, log); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish brings a replacement to its end from wherever it stands.
func (p Policy) finish(ctx context.Context, folder string, what record, log func(string, ...any)) error {
	what, err := p.carryOut(ctx, folder, what)
	if err != nil {
		return fmt.Errorf("the datastore %s is damaged (%s) and not replaced yet: nothing is lost, what was set aside is in %s, and each start tries again; make room if the disk is full: %w",
			p.Database, what.Why, folder, err)
	}
	log("datastore: it was damaged (%s), is kept in %s, and goes on as: %s %s", what.Why, folder, what.What, what.AsOf.Format(time.RFC3339))
	return nil
}

// carryOut moves and makes what is not moved and made yet. What is in the folder
// already is not moved again; while the database is not in its place, nobody has
// opened another.
func (p Policy) carryOut(ctx context.Context, folder string, what record) (record, error) {
	// First of all: whatever happens next, no revision is given twice.
	if err := touch(restoredMark(p.Database)); err != nil {
		return what, err
	}
	if what.What == logOnly {
		if err := p.setAside(folder, "-wal", "-shm"); err != nil {
			return what, err
		}
	} else if placed := names.Has(p.aside(folder, "")) && names.Has(p.Database); !placed {
		if err := p.setAside(folder, "", "-wal", "-shm"); err != nil {
			return what, err
		}
		var err error
		if what, err = p.place(ctx, folder, what); err != nil {
			return what, err
		}
	}
	what.Finished = true
	return what, errors.Join(writeRecord(folder, what), names.Remove(p.suspect()), names.Sync(filepath.Dir(p.Database)))
}

// aside is where the database, or what belongs to it, goes.
func (p Policy) aside(folder, suffix string) string {
	return filepath.Join(folder, filepath.Base(p.Database)+suffix)
}

// setAside moves files into the folder, the database first.
func (p Policy) setAside(folder string, suffixes ...string) error {
	for _, suffix := range suffixes {
		to := p.aside(folder, suffix)
		if names.Has(to) {
			continue
		}
		if err := os.Rename(p.Database+suffix, to); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return errors.Join(names.Sync(folder), names.Sync(filepath.Dir(p.Database)))
}

// place makes a database from the best that there is. What is in its place is
// noted before it is there, so that a cut leaves no record that says nothing.
func (p Policy) place(ctx context.Context, folder string, what record) (record, error) {
	next := p.Database + "-replacement"
	if err := removeDatabase(next); err != nil {
		return what, err
	}
	what, made, err := p.make(ctx, folder, next, what)
	if err != nil {
		// Half of one is of no use, and takes the room that the next try needs.
		return what, fmt.Errorf("make %s: %w", next, errors.Join(err, removeDatabase(next)))
	}
	if err := writeRecord(folder, what); err != nil || !made {
		return what, err
	}
	if err := os.Rename(next, p.Database); err != nil {
		return what, err
	}
	return what, names.Sync(filepath.Dir(p.Database))
}

func (p Policy) make(ctx context.Context, folder, next string, what record) (record, bool, error) {
	snapshots, err := list(p.Snapshots)
	if err != nil {
		return what, false, err
	}
	for _, candidate := range p.withFormer(snapshots) {
		why, err := check(ctx, candidate.path, wholeCheck)
		if err != nil {
			return what, false, err
		}
		if why != "" {
			if err := os.Rename(candidate.path, filepath.Join(folder, filepath.Base(candidate.path))); err != nil {
				return what, false, err
			}
			continue
		}
		what.What, what.AsOf = fromSnapshot, candidate.taken
		return what, true, errors.Join(copyFile(candidate.path, next), names.Remove(candidate.path+"-shm"), names.Remove(candidate.path+"-wal"))
	}
	rows, holes, err := salvage(ctx, p.aside(folder, ""), next)
	if err != nil {
		return what, false, err
	}
	if rows == 0 {
		what.What = empty
		return what, false, removeDatabase(next)
	}
	what.What, what.Holes = recovered, holes
	return what, true, nil
}

// copyFile copies and flushes.
func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Sync(), target.Close())
}

// asides are the folders of what was set aside.
func (p Policy) asides() ([]string, error) {
	parent := filepath.Dir(p.Database)
	entries, err := os.ReadDir(parent)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, entry := range entries {
		if entry.IsDir() && strings.HasPrefix(entry.Name(), asidePrefix) {
			all = append(all, filepath.Join(parent, entry.Name()))
		}
	}
	return all, nil
}

func writeRecord(folder string, what record) error {
	text, err := json.MarshalIndent(what, "", "  ")
	if err != nil {
		return err
	}
	temporary := filepath.Join(folder, recordName+".new")
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, filepath.Join(folder, recordName)); err != nil {
		return err
	}
	return errors.Join(names.Sync(folder), names.Sync(filepath.Dir(folder)))
}

func readRecord(folder string) (record, error) {
	var what record
	text, err := os.ReadFile(filepath.Join(folder, recordName))
	if err == nil {
		err = json.Unmarshal(text, &what)
	}
	return what, err
}
