package mend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"holdfast.dev/engine/internal/durable"
)

// When the database is looked at.
const (
	// settled is when what a start does is done, and before anybody measures what
	// an idle node writes.
	settled = 2 * time.Minute
	// often and seldom bound the time between two snapshots.
	often  = time.Hour
	seldom = 24 * time.Hour
	// again is when a snapshot that failed is tried again.
	again = time.Hour
)

// Watch checks the whole database in use once behind each start, and takes
// snapshots when they are due, until ctx ends. It gives an error only when the
// database is damaged: the next start checks the whole of it then.
func (p Policy) Watch(ctx context.Context, log func(string, ...any)) error {
	if p.Snapshots == "" {
		return nil
	}
	if !wait(ctx, settled) {
		return nil
	}
	why, err := check(ctx, p.Database, wholeCheck)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		log("datastore: the whole check could not be made: %v", err)
	case why != "":
		return errors.Join(&DamagedError{Why: why}, p.Suspect())
	}
	for {
		pause, err := p.pause()
		if err != nil {
			log("datastore: snapshots cannot be listed: %v", err)
		}
		if !wait(ctx, pause) {
			return nil
		}
		if pause > 0 {
			continue // the clock may have been set meanwhile
		}
		if err := p.Take(ctx); err != nil && ctx.Err() == nil {
			if found := p.confirm(ctx, err); found != nil {
				return errors.Join(found, p.Suspect())
			}
			log("datastore: no snapshot: %v", err)
			if !wait(ctx, again) {
				return nil
			}
		}
	}
}

// confirm looks at the database itself when a copy of it is damaged.
func (p Policy) confirm(ctx context.Context, err error) error {
	var copied *DamagedError
	if !errors.As(err, &copied) && !durable.IsDamage(err) {
		return nil
	}
	why, err := check(ctx, p.Database, wholeCheck)
	if err != nil || why == "" {
		return nil
	}
	return &DamagedError{Why: why}
}

// pause is how long the next snapshot is not due; at most an hour at a time.
func (p Policy) pause() (time.Duration, error) {
	all, err := list(p.Snapshots)
	if err != nil {
		return again, err
	}
	if len(all) == 0 {
		return 0, nil
	}
	info, err := os.Stat(all[0].path)
	if err != nil {
		return again, fmt.Errorf("the newest snapshot: %w", err)
	}
	return due(p.Now().Sub(all[0].taken), info.Size(), p.Rate), nil
}

// due says how long the next snapshot is not due when the newest has this age
// and size. A snapshot of the future was taken by a clock that was wrong.
func due(age time.Duration, size, rate int64) time.Duration {
	interval := min(max(time.Duration(float64(size)/float64(max(rate, 1))*float64(time.Hour)), often), seldom)
	if age < 0 || age >= interval {
		return 0
	}
	return min(interval-age, time.Hour)
}

// wait says whether the time passed before ctx ended.
func wait(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}
