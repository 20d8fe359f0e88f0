package mend

import (
	"context"
	"database/sql"
	"errors"
	"math"

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
// takes its rows with it, and those behind are found by asking for them.
func salvage(ctx context.Context, from, to string) (rows, holes int, err error) {
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
	for _, statement := range []string{"PRAGMA page_size = 1024", table} {
		if _, err := target.ExecContext(ctx, statement); err != nil {
			return 0, 0, err
		}
	}
	tx, err := target.BeginTx(ctx, nil)
	if err != nil {
		return 0, 0, err
	}
	s := &salvager{source: source, tx: tx}
	if err := s.all(ctx); err != nil {
		return 0, 0, errors.Join(err, tx.Rollback())
	}
	return s.rows, s.holes, tx.Commit()
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
		if !durable.IsDamage(err) && !isUnreadable(err) {
			return err
		}
		s.holes++
		if !s.leap(ctx) {
			return ctx.Err()
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
		if _, err := s.tx.ExecContext(ctx, "INSERT INTO kine ("+columns+") VALUES (?,?,?,?,?,?,?,?,?)", values...); err != nil {
			return err
		}
		if id, is := values[0].(int64); is {
			s.behind = id
		}
		s.rows++
	}
	return rows.Err()
}

// leap goes on behind the damage: by doubled steps, then back to the shortest
// that reaches a row. False if there is none.
func (s *salvager) leap(ctx context.Context) bool {
	reaches := func(step int64) bool {
		var id int64
		query := "SELECT id FROM kine NOT INDEXED WHERE id > ? ORDER BY id LIMIT 1"
		return s.source.QueryRowContext(ctx, query, s.behind+step).Scan(&id) == nil
	}
	step := int64(1)
	for !reaches(step) {
		if step > (math.MaxInt64-s.behind)/2 {
			return false
		}
		step *= 2
	}
	short := step / 2
	for short+1 < step {
		if middle := short + (step-short)/2; reaches(middle) {
			step = middle
		} else {
			short = middle
		}
	}
	s.behind += step
	return true
}
