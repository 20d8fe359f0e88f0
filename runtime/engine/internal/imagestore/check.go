package imagestore

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
)

// check gives why a database cannot be used, or nothing. containerd makes one
// that is empty anew without a word, and knows nothing of what is there then.
func check(path string) (why string) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "it is gone"
	case err != nil:
		return err.Error()
	case info.Size() == 0:
		return "it is empty"
	}
	// A page behind the end of a truncated file is a fault of the memory, and what
	// stands in a damaged page is believed: both panic.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if cause := recover(); cause != nil {
			why = fmt.Sprint(cause)
		}
	}()
	// Not the list of free pages, which may stand for anything here: the check
	// below reads it.
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: 5 * time.Second})
	if errors.Is(err, bolt.ErrTimeout) {
		// Somebody has it open, so it can be used.
		return ""
	}
	if err != nil {
		return err.Error()
	}
	defer func() { _ = db.Close() }()
	err = db.View(func(tx *bolt.Tx) error {
		// First here, where a panic is caught; the whole check runs elsewhere.
		if err := tx.ForEach(walk); err != nil {
			return err
		}
		var first error
		for err := range tx.Check() {
			if first == nil {
				first = err
			}
		}
		return first
	})
	if err != nil {
		return err.Error()
	}
	return ""
}

// walk reads every key and value.
func walk(_ []byte, bucket *bolt.Bucket) error {
	return bucket.ForEach(func(key, value []byte) error {
		if value == nil {
			if inner := bucket.Bucket(key); inner != nil {
				return walk(key, inner)
			}
			return fmt.Errorf("the bucket %q is none", key)
		}
		return nil
	})
}
