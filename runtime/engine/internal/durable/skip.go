package durable

import (
	"context"
	"errors"
	"os"

	"github.com/k3s-io/kine/pkg/drivers/generic"
)

// skip leaves out revisions at the start and gives the current one.
//
// Revisions of events and leases are handed out before they are on the disk,
// at most [slack] of them. Those that a power cut took were seen: they are never
// given to anything else.
func skip(ctx context.Context, database *generic.Generic, path string) (int64, error) {
	current, err := currentRevision(ctx, database.DB)
	if err != nil {
		return 0, err
	}
	next := current + slack
	switch _, err := os.Stat(path + RestoredSuffix); {
	case err == nil:
		next = current + restoredSkip
	case !errors.Is(err, os.ErrNotExist):
		return 0, err
	case current == 0:
		return 0, nil
	}
	return next, database.Fill(ctx, next)
}

// forgetRestored is called when what was left out is on the disk.
func forgetRestored(path string) error {
	if err := os.Remove(path + RestoredSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
