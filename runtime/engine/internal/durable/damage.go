package durable

import (
	"errors"

	"github.com/mattn/go-sqlite3"
)

// damage takes the first error that says that the database is damaged.
type damage chan error

func newDamage() damage { return make(damage, 1) }

// notice looks at what an operation ended with.
func (d damage) notice(err error) {
	if err == nil || !IsDamage(err) {
		return
	}
	select {
	case d <- err:
	default:
	}
}

// IsDamage says whether SQLite means that its file is damaged.
func IsDamage(err error) bool {
	var said sqlite3.Error
	return errors.As(err, &said) && (said.Code == sqlite3.ErrCorrupt || said.Code == sqlite3.ErrNotADB)
}
