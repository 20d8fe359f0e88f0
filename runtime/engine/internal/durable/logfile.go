package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"holdfast.dev/engine/internal/names"
)

// logFile is SQLite's write-ahead log, by the name that it has in its folder.
//
// SQLite has no lock on it, so opening and closing it here takes none away.
type logFile struct {
	path string
	file *os.File
	info os.FileInfo
}

// sync flushes what was written to the log. Only one caller at a time.
func (l *logFile) sync() error {
	info, err := os.Stat(l.path)
	if err != nil {
		return fmt.Errorf("flush the datastore's log: %w", err)
	}
	if l.file == nil || !os.SameFile(l.info, info) {
		if err := l.reopen(); err != nil {
			return fmt.Errorf("flush the datastore's log: %w", err)
		}
	}
	for {
		err := syscall.Fdatasync(int(l.file.Fd()))
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("flush the datastore's log %s: %w", l.path, err)
		}
	}
}

// reopen opens the file that has the name now, and makes the name durable. The
// file stays open: an error of the disk is told to those who had it open.
func (l *logFile) reopen() error {
	file, err := os.OpenFile(l.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if err := names.Sync(filepath.Dir(l.path)); err != nil {
		return errors.Join(err, file.Close())
	}
	if l.file != nil {
		_ = l.file.Close()
	}
	l.file, l.info = file, info
	return nil
}
