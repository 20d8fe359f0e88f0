package mend

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/mattn/go-sqlite3"

	"holdfast.dev/engine/internal/durable"
)

const (
	columns = "id, name, created, deleted, create_revision, prev_revision, lease, value, old_value"
	// table is kine's (pkg/drivers/sqlite/sqlite.go); it makes the indexes itself
	// when it opens the database.
	table = `CREATE TABLE kine (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		name TEXT, created INTEGER, deleted INTEGER, create_revision INTEGER,
		prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB)`
)

// salvage copies the rows that can still be read into a new database. It gives
// how many these are, and in how many places between them some could not be read.
//
// Rows lie in pages in the order of their revisions: a page that cannot be read
// takes its rows with it, and those behind are found by asking for them. An error
// says nothing of the rows: they may be there for the next try.
func salvage(ctx context.Context, from, to string) (rows, holes int, err error) {
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		return 0, 0, nil
	}
	source, err := openReadOnly(from)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := sql.Open("sqlite3", "file:"+to+"?_synchronous=FULL&_txlock=immediate")
	if err != nil {
		return 0, 0, err
	}
	target.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, target.Close()) }()
	return copyRows(ctx, source, target)
}

// copyRows is [salvage] with both databases open.
func copyRows(ctx context.Context, source, target *sql.DB) (rows, holes int, err error) {
	for _, statement := range []string{"PRAGMA page_size = 1024", table} {
		if _, err := target.ExecContext(ctx, statement); err != nil {
			return 0, 0, &writeError{err}
		}
	}
	tx, err := target.BeginTx(ctx, nil)
	if err != nil {
		return 0, 0, &writeError{err}
	}
	s := &salvager{source: source, tx: tx}
	if err := s.all(ctx); err != nil {
		// SQLite may have rolled back itself; what it would say then is of no use.
		_ = tx.Rollback()
		return 0, 0, err
	}
	if err := tx.Commit(); err != nil {
		return 0, 0, &writeError{err}
	}
	return s.rows, s.holes, nil
}

// writeError is of the file that rows are copied to: no damage of the one they
// come from, whatever SQLite calls it.
type writeError struct{ cause error }

func (e *writeError) Error() string { return fmt.Sprintf("write what can be read: %v", e.cause) }

func (e *writeError) Unwrap() error { return e.cause }

// isLost says whether what was to be read is not there to be read, and will not be
// at the next try. `SQLITE_ERROR` is a table that is gone, `SQLITE_TOOBIG` a row
// whose length is nonsense.
func isLost(err error) bool {
	var ours *writeError
	if errors.As(err, &ours) {
		return false
	}
	var said sqlite3.Error
	nonsense := errors.As(err, &said) && (said.Code == sqlite3.ErrError || said.Code == sqlite3.ErrTooBig)
	return nonsense || durable.IsDamage(err) || isUnreadable(err)
}

type salvager struct {
	source *sql.DB
	tx     *sql.Tx
	// behind is the revision up to which all that can be had is copied.
	behind      int64
	rows, holes int
}

func (s *salvager) all(ctx context.Context) error {
	for {
		err := s.copyOn(ctx)
		if err == nil {
			return nil
		}
		if !isLost(err) {
			return err
		}
		s.holes++
		if more, err := s.leap(ctx); err != nil || !more {
			return err
		}
	}
}

// copyOn copies the rows behind the last one, to the end or to the next damage.
func (s *salvager) copyOn(ctx context.Context) (err error) {
	rows, err := s.source.QueryContext(ctx, "SELECT "+columns+" FROM kine NOT INDEXED WHERE id > ? ORDER BY id", s.behind)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := make([]any, 9)
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := s.put(ctx, values); err != nil {
			return &writeError{err}
		}
		if id, is := values[0].(int64); is {
			s.behind = max(s.behind, id)
		}
	}
	return rows.Err()
}

// put writes a row. A damaged page may show a revision twice, or not in its order:
// the first counts.
func (s *salvager) put(ctx context.Context, values []any) error {
	done, err := s.tx.ExecContext(ctx, "INSERT OR IGNORE INTO kine ("+columns+") VALUES (?,?,?,?,?,?,?,?,?)", values...)
	if err != nil {
		return err
	}
	added, err := done.RowsAffected()
	s.rows += int(added)
	return err
}

// leap goes on behind the damage: by doubled steps, then back to the shortest
// that reaches a row. False if there is none.
func (s *salvager) leap(ctx context.Context) (bool, error) {
	step := int64(1)
	for {
		there, err := s.reaches(ctx, step)
		if err != nil {
			return false, err
		}
		if there {
			break
		}
		if step > (math.MaxInt64-s.behind)/2 {
			return false, nil
		}
		step *= 2
	}
	short := step / 2
	for short+1 < step {
		middle := short + (step-short)/2
		there, err := s.reaches(ctx, middle)
		if err != nil {
			return false, err
		}
		if there {
			step = middle
		} else {
			short = middle
		}
	}
	s.behind += step
	return true, nil
}

// reaches says whether a row can be read behind so long a step.
func (s *salvager) reaches(ctx context.Context, step int64) (bool, error) {
	var id int64
	query := "SELECT id FROM kine NOT INDEXED WHERE id > ? ORDER BY id LIMIT 1"
	err := s.source.QueryRowContext(ctx, query, s.behind+step).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) || (err != nil && isLost(err)) {
		return false, nil
	}
	return err == nil, err
}
