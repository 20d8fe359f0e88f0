// Package names has what the keepers of data on disk do with names in folders:
// see whether one is there, remove it, and make a change of names durable.
package names

import (
	"errors"
	"os"
)

// Has says whether something has this path, whatever it is.
func Has(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Remove removes a file; that it is gone already is no error.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Sync makes durable which names the folder has: fsync of a file does not.
func Sync(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
