package mend

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mattn/go-sqlite3"

	"holdfast.dev/engine/internal/names"
)

const (
	timeFormat = "20060102T150405Z"
	// part is a snapshot that is being taken.
	part = "part.db"
	// spare is what must stay free on the disk.
	spare = 256 << 20
)

// snapshot is one by its name: r<revision>-<time>-<version>.db.
type snapshot struct {
	path     string
	revision int64
	taken    time.Time
	version  string
}

var snapshotName = regexp.MustCompile(`^r([0-9]{1,19})-([0-9]{8}T[0-9]{6}Z)-([0-9A-Za-z.]*)\.db$`)

// safeVersion is the version as it stands in a name.
func safeVersion(version string) string {
	return regexp.MustCompile(`[^0-9A-Za-z.]`).ReplaceAllString(version, "")
}

// list gives the snapshots, the newest first. Revisions only grow; a clock may
// go back.
func list(folder string) ([]snapshot, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var all []snapshot
	for _, entry := range entries {
		match := snapshotName.FindStringSubmatch(entry.Name())
		if match == nil {
			continue
		}
		revision, revisionErr := strconv.ParseInt(match[1], 10, 64)
		taken, timeErr := time.Parse(timeFormat, match[2])
		if revisionErr != nil || timeErr != nil {
			continue
		}
		all = append(all, snapshot{filepath.Join(folder, entry.Name()), revision, taken, match[3]})
	}
	slices.SortFunc(all, func(a, b snapshot) int { return strings.Compare(b.order(), a.order()) })
	return all, nil
}

func (s snapshot) order() string {
	return fmt.Sprintf("%020d %s", s.revision, s.taken.Format(timeFormat))
}

// Take takes a snapshot of the database, which may be in use, checks the whole
// of it, and removes those that are more than may be kept.
func (p Policy) Take(ctx context.Context) error {
	if err := p.hasRoom(); err != nil {
		return err
	}
	copied := filepath.Join(p.Snapshots, part)
	if err := p.copyTo(ctx, copied); err != nil {
		return fmt.Errorf("snapshot of the datastore: %w", errors.Join(err, removeDatabase(copied)))
	}
	why, err := check(ctx, copied, wholeCheck)
	if err == nil && why != "" {
		err = &DamagedError{Why: why}
	}
	var revision int64
	if err == nil {
		revision, err = revisionOf(ctx, copied)
	}
	if err != nil {
		return fmt.Errorf("snapshot of the datastore: %w", errors.Join(err, removeDatabase(copied)))
	}
	name := fmt.Sprintf("r%d-%s-%s.db", revision, p.Now().UTC().Format(timeFormat), safeVersion(p.Version))
	// The check may have left an index of a log that is not there.
	if err := errors.Join(names.Remove(copied+"-wal"), names.Remove(copied+"-shm")); err != nil {
		return err
	}
	if err := os.Rename(copied, filepath.Join(p.Snapshots, name)); err != nil {
		return err
	}
	return errors.Join(names.Sync(p.Snapshots), p.prune())
}

// DamagedError says that a copy of a database is damaged, and so the database.
type DamagedError struct {
	// Why is what SQLite says.
	Why string
}

func (e *DamagedError) Error() string { return "the datastore is damaged: " + e.Why }

// copyTo copies the database by SQLite's own backup, and flushes it.
func (p Policy) copyTo(ctx context.Context, to string) (err error) {
	if err := removeDatabase(to); err != nil {
		return err
	}
	source, err := openReadOnly(p.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	// Nobody else sees the copy before it is flushed and has its name.
	target, err := sql.Open("sqlite3", "file:"+to+"?_journal_mode=OFF&_synchronous=OFF")
	if err != nil {
		return err
	}
	err = errors.Join(backup(ctx, target, source), target.Close())
	if err != nil {
		return err
	}
	file, err := os.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(0o600), file.Sync(), file.Close())
}

func backup(ctx context.Context, target, source *sql.DB) error {
	return withConnection(ctx, target, func(to *sqlite3.SQLiteConn) error {
		return withConnection(ctx, source, func(from *sqlite3.SQLiteConn) error {
			run, err := to.Backup("main", from, "main")
			if err != nil {
				return err
			}
			// At one go: readers keep no writer waiting in WAL mode, and a copy in
			// steps would begin anew at each write.
			done, err := run.Step(-1)
			if err == nil && !done {
				err = errors.New("the database is locked")
			}
			return errors.Join(err, run.Finish())
		})
	})
}

func withConnection(ctx context.Context, db *sql.DB, use func(*sqlite3.SQLiteConn) error) (err error) {
	connection, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	return connection.Raw(func(driver any) error {
		own, is := driver.(*sqlite3.SQLiteConn)
		if !is {
			return fmt.Errorf("the driver is a %T", driver)
		}
		return use(own)
	})
}

func revisionOf(ctx context.Context, path string) (revision int64, err error) {
	db, err := openReadOnly(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM kine").Scan(&revision)
	return revision, err
}

// hasRoom refuses a snapshot that would fill the disk.
func (p Policy) hasRoom() error {
	info, err := os.Stat(p.Database)
	if err != nil {
		return err
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(p.Snapshots, &disk); err != nil {
		return err
	}
	free := int64(disk.Bavail) * disk.Bsize
	if free < info.Size()+spare {
		return fmt.Errorf("snapshot of the datastore: only %d MiB are free on the disk", free>>20)
	}
	return nil
}

func (p Policy) prune() error {
	all, err := list(p.Snapshots)
	if err != nil {
		return err
	}
	for _, old := range all[min(max(p.Keep, 1), len(all)):] {
		err = errors.Join(err, names.Remove(old.path))
	}
	return err
}

// removeDatabase removes a copy of ours that nobody needs.
func removeDatabase(path string) error {
	return errors.Join(names.Remove(path), names.Remove(path+"-journal"), names.Remove(path+"-wal"), names.Remove(path+"-shm"))
}
