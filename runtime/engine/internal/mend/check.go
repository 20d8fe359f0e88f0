package mend

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/mattn/go-sqlite3"

	"holdfast.dev/engine/internal/durable"
)

// quickly is how long the check before a start may take; what it has not seen by
// then the whole check in the background sees.
const quickly = 10 * time.Second

const (
	quickCheck = "PRAGMA quick_check(1)"
	wholeCheck = "PRAGMA integrity_check(1)"
)

// examine looks at files that nobody has open, without changing them.
func (p Policy) examine(ctx context.Context) (finding, error) {
	log, err := readLog(p.Database + "-wal")
	if err != nil {
		return finding{}, err
	}
	info, err := os.Stat(p.Database)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return finding{absent, log.holds, "the file is gone"}, nil
	case err != nil:
		return finding{}, err
	case info.Size() == 0:
		return finding{absent, log.holds, "the file is empty"}, nil
	}
	// SQLite reads a log that it does not understand as an empty one.
	why, err := p.checkAtStart(ctx)
	switch {
	case err != nil:
		return finding{}, err
	case why != "":
		return finding{damaged, log.damaged, why}, nil
	case log.damaged:
		return finding{whole, true, "the write-ahead log cannot be read"}, nil
	}
	return finding{database: whole}, nil
}

// checkAtStart gives why the database is damaged, or nothing.
func (p Policy) checkAtStart(ctx context.Context) (string, error) {
	if _, err := os.Stat(p.suspect()); err == nil {
		return check(ctx, p.Database, wholeCheck)
	}
	bounded, cancel := context.WithTimeout(ctx, quickly)
	defer cancel()
	why, err := check(bounded, p.Database, quickCheck)
	if bounded.Err() != nil && ctx.Err() == nil {
		return "", nil
	}
	return why, err
}

// check runs one of SQLite's checks: why the database is damaged, or nothing.
func check(ctx context.Context, path, pragma string) (string, error) {
	why, err := checkOnce(ctx, path, pragma)
	if err != nil && isUnreadable(err) {
		// The second time it is no whim of the disk.
		why, err = checkOnce(ctx, path, pragma)
	}
	switch {
	case err == nil:
		return why, nil
	case durable.IsDamage(err) || isUnreadable(err):
		return err.Error(), nil
	}
	return "", err
}

func checkOnce(ctx context.Context, path, pragma string) (_ string, err error) {
	db, err := openReadOnly(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var said string
	if err := db.QueryRowContext(ctx, pragma).Scan(&said); err != nil {
		return "", err
	}
	if said != "ok" {
		return said, nil
	}
	return foreign(ctx, db)
}

// openReadOnly opens a database that is not changed by it, not even by the
// checkpoint of the last one who closes it.
func openReadOnly(path string) (*sql.DB, error) {
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "mode=ro&_busy_timeout=10000"}
	db, err := sql.Open("sqlite3", name.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// ioErrCorruptFS is SQLite's `SQLITE_IOERR_CORRUPTFS`, which the driver has no
// name for: the disk says that it cannot read.
var ioErrCorruptFS = sqlite3.ErrIoErr.Extend(33)

// isUnreadable says whether the disk does not give what the file holds. Other
// errors of input and output are no damage: who reads writes too, the index of the
// log, and on a full disk cannot.
func isUnreadable(err error) bool {
	var said sqlite3.Error
	if !errors.As(err, &said) {
		return false
	}
	switch said.ExtendedCode {
	case sqlite3.ErrIoErrRead, sqlite3.ErrIoErrShortRead, ioErrCorruptFS:
		return true
	}
	return false
}
