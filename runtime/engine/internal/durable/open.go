// Package durable runs kine on SQLite so that an acknowledged write survives a
// power cut, at the price of few flushes.
//
// SQLite writes with `synchronous=NORMAL`: a commit is in its log, but only a
// checkpoint flushes it. Here a write is acknowledged, told to watchers and
// shown to readers when the log was flushed after it; writes that wait at the
// same time share a flush. Events and renewals of leases are not waited for,
// and so that none of their revisions is ever seen twice, each start leaves
// some out. docs/design/durability.md has the reasons.
package durable

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/k3s-io/kine/pkg/drivers"
	"github.com/k3s-io/kine/pkg/drivers/sqlite"
	"github.com/k3s-io/kine/pkg/logstructured"
	"github.com/k3s-io/kine/pkg/logstructured/sqllog"
)

const (
	scheme = "sqlite://"
	// pageSize of a new database. An insert changes a page of each index, so
	// small ones are a third of the bytes: BenchmarkPages.
	pageSize = 1024
	// restoredSkip is left out instead of slack behind a database that was put
	// back from a copy: nobody knows how many revisions were given out since.
	restoredSkip = 1_000_000_000
)

// RestoredSuffix is what the name of an empty file has behind the database's
// own when the database was put back from a copy.
const RestoredSuffix = "-restored"

// Open opens the database until ctx ends; open is done when it is closed.
func Open(ctx context.Context, open *sync.WaitGroup, config *drivers.Config) (*Backend, error) {
	return openWith(ctx, open, config, (*logFile).sync)
}

// openWith takes the flush as an argument.
func openWith(
	ctx context.Context, open *sync.WaitGroup, config *drivers.Config, flush func(*logFile) error,
) (*Backend, error) {
	config.DataSourceName = leaveLog(strings.TrimPrefix(config.Endpoint, scheme))
	path, _, _ := strings.Cut(config.DataSourceName, "?")
	if err := create(ctx, path, pageSize); err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	if err := copyLog(ctx, path); err != nil {
		return nil, fmt.Errorf("copy the log of %s into it: %w", path, err)
	}
	_, upstream, err := sqlite.NewVariant(ctx, open, "sqlite3", config)
	if err != nil {
		return nil, err
	}
	if err := keepLog(ctx, open, upstream.DB, path+"-wal"); err != nil {
		return nil, err
	}
	log := &logFile{path: path + "-wal"}
	current, err := skip(ctx, upstream, path)
	if err != nil {
		return nil, fmt.Errorf("leave out revisions: %w", err)
	}
	flushLog := func() error { return counted(func() error { return flush(log) }) }
	if err := flushLog(); err != nil {
		return nil, err
	}
	if err := forgetRestored(path); err != nil {
		return nil, err
	}
	guarded := &dialect{
		Generic:   upstream,
		revisions: newRevisions(current, flushLog),
		renewals:  &renewals{held: map[string]holding{}},
		damage:    newDamage(),
	}
	stored := logstructured.New(sqllog.New(
		guarded, config.CompactInterval, config.CompactIntervalJitter, config.CompactTimeout,
		config.CompactMinRetain, config.CompactBatchSize, config.PollBatchSize,
	))
	return &Backend{Backend: stored, revisions: guarded.revisions, damage: guarded.damage}, nil
}

// create makes a database that is not there yet: the size of its pages can be
// chosen only then.
func create(ctx context.Context, path string, pageSize int) error {
	info, err := os.Stat(path)
	if err == nil && info.Size() > 0 {
		return nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return withConnection(ctx, path, func(connection *sql.Conn) error {
		for _, pragma := range []string{fmt.Sprintf("page_size = %d", pageSize), "journal_mode = WAL"} {
			if _, err := connection.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
				return err
			}
		}
		return nil
	})
}

// withConnection does something with a connection of its own to the database.
func withConnection(ctx context.Context, path string, do func(*sql.Conn) error) (err error) {
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	connection, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	return do(connection)
}

// keepLog holds one connection: when the last one is closed, SQLite removes its
// log, and the next one makes another file. It keeps the log small, too.
func keepLog(ctx context.Context, open *sync.WaitGroup, db *sql.DB, path string) error {
	connection, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	open.Go(func() {
		limitLog(ctx, connection, path, lookAtLog, largestLog)
		_ = connection.Close()
	})
	var mode string
	if err := connection.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the database is in journal mode %q: only a write-ahead log can be flushed by itself", mode)
	}
	return nil
}
