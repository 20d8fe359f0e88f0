package durable

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	// largestLog is how large SQLite's log may become, in bytes. SQLite copies
	// it into the database at 4 MB (`SQLITE_DEFAULT_WAL_AUTOCHECKPOINT` in
	// runtime/engine/build), but begins it anew only when nobody reads it.
	largestLog = 16 << 20
	lookAtLog  = time.Minute
	// longestWait is how long writers wait at most for the log to be emptied.
	longestWait = 2 * time.Second
)

// leaveLog has kine leave the log alone. It would have all of it copied after
// each compaction, every five minutes, for pages that are written again five
// minutes later.
func leaveLog(name string) string {
	separator := "?"
	if strings.Contains(name, separator) {
		separator = "&"
	}
	return name + separator + "_kine_disable_compact_wal_checkpoint"
}

// copyLog copies the log into the database and flushes that. So what a start
// finds in the log is on the disk, even where a flush of the log failed and the
// kernel says that nothing is left to be flushed. It comes before kine opens
// the database: kine leaves a query open then, which is a reader.
func copyLog(ctx context.Context, path string) error {
	err := withConnection(ctx, path, func(connection *sql.Conn) error { return emptyLog(ctx, connection) })
	if busy := new(readError); errors.As(err, &busy) {
		logrus.Warnf("The datastore's log is not copied at the start: %v", err)
		return nil
	}
	return err
}

// readError says that the log cannot be emptied because somebody reads it.
type readError struct{ frames, copied int }

func (e *readError) Error() string {
	return fmt.Sprintf("somebody reads it: %d of %d frames are copied", e.copied, e.frames)
}

// emptyLog copies the log into the database, and makes it a file without
// content. Writers wait meanwhile; who reads the log may keep it from ending.
func emptyLog(ctx context.Context, connection *sql.Conn) error {
	var busy, frames, copied int
	row := connection.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	if err := row.Scan(&busy, &frames, &copied); err != nil {
		return err
	}
	if busy != 0 {
		return &readError{frames, copied}
	}
	return nil
}

// limitLog empties the log whenever it is found too large, until ctx ends.
func limitLog(ctx context.Context, connection *sql.Conn, path string, every time.Duration, largest int64) {
	if _, err := connection.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", longestWait.Milliseconds())); err != nil {
		logrus.Warnf("SQLite does not take how long the datastore's log may be waited for: %v", err)
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() <= largest {
			continue
		}
		if err := emptyLog(ctx, connection); err != nil && ctx.Err() == nil {
			logrus.Warnf("The datastore's log has %d bytes and cannot be emptied, which is tried again: %v", info.Size(), err)
		}
	}
}
