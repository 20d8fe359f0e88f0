package durable

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/k3s-io/kine/pkg/drivers/generic"
	"github.com/k3s-io/kine/pkg/server"
)

// dialect is kine's SQLite with inserts that end when they are durable, and a
// stream of changes that ends where durability does.
type dialect struct {
	*generic.Generic
	revisions *revisions
	renewals  *renewals
	damage    damage
}

// Insert appends a revision. kine tells its watchers when it returns.
//
//nolint:revive // upstream's names
func (d *dialect) Insert(
	ctx context.Context, key string, create, delete bool, createRevision, previousRevision, ttl int64, value []byte,
) (int64, error) {
	insert := func() (int64, error) {
		return d.Generic.Insert(ctx, key, create, delete, createRevision, previousRevision, ttl, value)
	}
	change := d.renewals.judge(key, create, delete, value)
	var revision int64
	var err error
	if change.lazy {
		if revision, err = insert(); err == nil {
			err = d.revisions.lazy(revision)
		}
	} else {
		revision, err = d.strict(insert)
	}
	d.damage.notice(err)
	if err == nil {
		d.renewals.made(change, revision)
		countWrite(key)
	}
	return revision, err
}

func (d *dialect) strict(insert func() (int64, error)) (int64, error) {
	number := d.revisions.begin()
	revision, err := insert()
	switch {
	case err == nil:
		return revision, d.revisions.end(number, revision)
	case errors.Is(err, server.ErrKeyExists):
		d.revisions.endUnmade(number)
		return revision, err
	default:
		return revision, errors.Join(err, d.revisions.endUnknown(number))
	}
}

// CurrentRevision is where the stream of changes begins.
func (d *dialect) CurrentRevision(ctx context.Context) (int64, error) {
	bound := d.revisions.bound()
	current, err := currentRevision(ctx, d.DB)
	return min(current, bound), err
}

func currentRevision(ctx context.Context, db *sql.DB) (int64, error) {
	var current sql.NullInt64
	err := db.QueryRowContext(ctx, generic.CurrentRevSQL).Scan(&current)
	return current.Int64, err
}

// After gives the changes behind a revision, as kine's own does, up to the
// bound.
func (d *dialect) After(ctx context.Context, key, end string, revision, limit int64) (*sql.Rows, error) {
	bound := d.revisions.bound()
	arguments := []any{bound}
	which := ""
	switch {
	case key == "":
	case end == "":
		which = "name = ? AND"
		arguments = append(arguments, key)
	default:
		which = "name >= ? AND name < ? AND"
		arguments = append(arguments, key, end)
	}
	query := fmt.Sprintf(`SELECT current_rev, compact_rev, %s
		FROM (%s WHERE id <= ?) AS current, (%s) AS compact, kine
		WHERE %s id > ? AND id <= ? ORDER BY id ASC`,
		generic.WithOldVal, generic.CurrentRevSQL, generic.CompactRevSQL, which)
	if limit > 0 {
		query += fmt.Sprintf(" LIMIT %d", limit)
	}
	return d.DB.QueryContext(ctx, query, append(arguments, revision, bound)...)
}
