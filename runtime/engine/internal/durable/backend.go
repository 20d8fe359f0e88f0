package durable

import (
	"context"
	"errors"

	"github.com/k3s-io/kine/pkg/server"
)

// Backend is kine's, of which no answer can be taken back by a power cut.
type Backend struct {
	server.Backend
	revisions *revisions
	damage    damage
}

// Damaged gives SQLite's error when it has found the database damaged in use.
func (b *Backend) Damaged() <-chan error { return b.damage }

// Failed is closed when the disk refused a flush; Err says why. Nothing is
// acknowledged from then on.
func (b *Backend) Failed() <-chan struct{} { return b.revisions.failed }

// Err is why [Backend.Failed] is closed.
func (b *Backend) Err() error {
	b.revisions.mutex.Lock()
	defer b.revisions.mutex.Unlock()
	return b.revisions.failure
}

// Get reads a key.
func (b *Backend) Get(ctx context.Context, key string, revision int64, keysOnly bool) (int64, *server.KeyValue, error) {
	current, kv, err := b.Backend.Get(ctx, key, revision, keysOnly)
	b.damage.notice(err)
	if err != nil {
		return current, kv, err
	}
	// Of a key that is not there kine tells an older revision than it saw.
	return current, kv, b.revisions.settle(current, kv != nil)
}

// List reads a range of keys.
func (b *Backend) List(ctx context.Context, key, end string, limit, revision int64, keysOnly bool) (int64, []*server.KeyValue, error) {
	current, kvs, err := b.Backend.List(ctx, key, end, limit, revision, keysOnly)
	b.damage.notice(err)
	if err != nil {
		return current, kvs, err
	}
	return current, kvs, b.revisions.settle(current, len(kvs) > 0)
}

// Count counts a range of keys.
func (b *Backend) Count(ctx context.Context, key, end string, revision int64) (int64, int64, error) {
	current, count, err := b.Backend.Count(ctx, key, end, revision)
	b.damage.notice(err)
	if err != nil {
		return current, count, err
	}
	return current, count, b.revisions.settle(current, count > 0)
}

// CurrentRevision is what watchers are told that they have seen everything of.
func (b *Backend) CurrentRevision(ctx context.Context) (int64, error) {
	current, err := b.Backend.CurrentRevision(ctx)
	b.damage.notice(err)
	if err != nil {
		return current, err
	}
	return current, b.revisions.settle(current, true)
}

// Create makes a key; that there is one already is something read.
func (b *Backend) Create(ctx context.Context, key string, value []byte, lease int64) (int64, error) {
	revision, err := b.Backend.Create(ctx, key, value, lease)
	b.damage.notice(err)
	if errors.Is(err, server.ErrKeyExists) {
		if failure := b.revisions.settle(revision, false); failure != nil {
			return revision, failure
		}
	}
	return revision, err
}

// Update changes a key; that it is another by now is something read.
func (b *Backend) Update(ctx context.Context, key string, value []byte, revision, lease int64) (int64, *server.KeyValue, bool, error) {
	current, kv, updated, err := b.Backend.Update(ctx, key, value, revision, lease)
	b.damage.notice(err)
	if err == nil && !updated {
		err = b.revisions.settle(current, false)
	}
	return current, kv, updated, err
}

// Delete removes a key; that it is another by now, or none, is something read.
func (b *Backend) Delete(ctx context.Context, key string, revision int64) (int64, *server.KeyValue, bool, error) {
	current, kv, deleted, err := b.Backend.Delete(ctx, key, revision)
	b.damage.notice(err)
	if err == nil && (!deleted || kv == nil) {
		err = b.revisions.settle(current, false)
	}
	return current, kv, deleted, err
}
