package mend

import (
	"context"
	"errors"
	"fmt"

	"holdfast.dev/engine/internal/names"
)

// Copy copies a database, which may be in use, by SQLite's own backup to a file
// that is not there yet, and checks the whole of it. Whatever fails, no file is
// left there.
func Copy(ctx context.Context, database, to string) error {
	if !names.Has(database) {
		return fmt.Errorf("there is no database %s", database)
	}
	if names.Has(to) {
		return fmt.Errorf("%s is there already", to)
	}
	err := Policy{Database: database}.copyTo(ctx, to)
	if err == nil {
		var why string
		why, err = check(ctx, to, wholeCheck)
		if err == nil && why != "" {
			err = &DamagedError{Why: why}
		}
	}
	if err != nil {
		return fmt.Errorf("copy of the datastore: %w", errors.Join(err, removeDatabase(to)))
	}
	// The check may have left an index of a log that is not there.
	return errors.Join(names.Remove(to+"-wal"), names.Remove(to+"-shm"))
}

// CopyCommand is [Copy] as a command: FROM TO.
func CopyCommand(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("takes two files: the database, and where its copy goes")
	}
	return Copy(ctx, args[0], args[1])
}
