package durable

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/k3s-io/kine/pkg/server"
)

// disk is a flush that can be held up.
type disk struct {
	count   atomic.Int32
	held    atomic.Bool
	release chan struct{}
}

func newDisk() *disk { return &disk{release: make(chan struct{})} }

func (d *disk) flush(*logFile) error {
	d.count.Add(1)
	if d.held.Load() {
		<-d.release
	}
	return nil
}

// go on lets all flushes through.
func (d *disk) goOn() { d.held.Store(false); close(d.release) }

// committed waits until SQLite has that many keys with the prefix.
func committed(t *testing.T, path, prefix string, count int) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for found := 0; found < count; time.Sleep(time.Millisecond) {
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM kine WHERE name LIKE ?", prefix+"%").Scan(&found); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWritesThatWaitTogetherShareAFlush(t *testing.T) {
	const together = 20
	d := newDisk()
	path := filepath.Join(t.TempDir(), "state.db")
	backend, _ := start(t, guarded(path, d.flush))
	d.held.Store(true)
	before := d.count.Load()
	ended := make(chan error, together)
	for i := range together {
		go func() {
			_, err := backend.Create(t.Context(), fmt.Sprintf("/registry/secrets/%d", i), nil, 0)
			ended <- err
		}()
	}
	committed(t, path, "/registry/secrets/", together)
	d.goOn()
	for range together {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	// The one that is under way as the last commits, and one for all.
	if flushes := d.count.Load() - before; flushes > 2 {
		t.Errorf("%d flushes for %d writes", flushes, together)
	}
}

// TestNobodySeesWhatIsNotDurable asks in every way for a write that waits.
func TestNobodySeesWhatIsNotDurable(t *testing.T) {
	const key = "/registry/secrets/new"
	d := newDisk()
	path := filepath.Join(t.TempDir(), "state.db")
	backend, _ := start(t, guarded(path, d.flush))
	doomed, err := backend.Create(t.Context(), "/registry/pods/doomed", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	watch := backend.Watch(t.Context(), "/registry/secrets/", "/registry/secrets0", 1)
	d.held.Store(true)
	go func() { _, _ = backend.Create(t.Context(), key, []byte("x"), 0) }()
	go func() { _, _, _, _ = backend.Delete(t.Context(), "/registry/pods/doomed", doomed) }()
	committed(t, path, key, 1)
	committed(t, path, "/registry/pods/doomed", 2)

	asked := map[string]func() error{
		"get":    func() error { _, _, err := backend.Get(t.Context(), key, 0, false); return err },
		"absent": func() error { _, _, err := backend.Get(t.Context(), "/registry/pods/doomed", 0, false); return err },
		"list": func() error {
			_, _, err := backend.List(t.Context(), "/registry/", "/registry0", 0, 0, false)
			return err
		},
		"count": func() error { _, _, err := backend.Count(t.Context(), "/registry/", "/registry0", 0); return err },
		"exists": func() error {
			if _, err := backend.Create(t.Context(), key, nil, 0); !errors.Is(err, server.ErrKeyExists) {
				return fmt.Errorf("create of what is there: %w", err)
			}
			return nil
		},
		"update": func() error { _, _, _, err := backend.Update(t.Context(), key, nil, 1, 0); return err },
		"delete": func() error { _, _, _, err := backend.Delete(t.Context(), key, 1); return err },
		"watch": func() error {
			for events := range watch.Events {
				if len(events) > 0 && events[0] != nil && events[0].KV.Key == key {
					return nil
				}
			}
			return errors.New("the watch ended")
		},
	}
	answers := make(chan error, len(asked))
	for name, ask := range asked {
		go func() {
			err := ask()
			if d.held.Load() {
				err = errors.Join(err, errors.New("was answered before the flush"))
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			answers <- err
		}()
	}
	select {
	case err := <-answers:
		t.Fatalf("one has an answer before the flush: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	d.goOn()
	for range asked {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}

func TestEventsAndRenewalsAreNotWaitedFor(t *testing.T) {
	const key = leases + "kube-node-lease/edge"
	d := newDisk()
	backend, _ := start(t, guarded(filepath.Join(t.TempDir(), "state.db"), d.flush))
	revision, err := backend.Create(t.Context(), key, lease(t, "edge", 0), 0)
	if err != nil {
		t.Fatal(err)
	}
	before := d.count.Load()
	write := func(value []byte) {
		t.Helper()
		var updated bool
		if revision, _, updated, err = backend.Update(t.Context(), key, value, revision, 0); err != nil || !updated {
			t.Fatalf("updated %v: %v", updated, err)
		}
	}
	for second := 1; second < 10; second++ {
		write(lease(t, "edge", second))
		if _, err := backend.Create(t.Context(), fmt.Sprintf("%sdefault/%d", events, second), nil, 3600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := backend.Get(t.Context(), key, 0, false); err != nil {
			t.Fatal(err)
		}
	}
	if flushes := d.count.Load() - before; flushes != 0 {
		t.Errorf("%d flushes for events and renewals", flushes)
	}
	write(lease(t, "another", 10))
	if d.count.Load() == before {
		t.Error("a lease was taken over without a flush")
	}
	before = d.count.Load()
	if _, _, _, err := backend.Delete(t.Context(), key, revision); err != nil || d.count.Load() == before {
		t.Errorf("a lease was removed without a flush: %v", err)
	}
}

func TestLazyWritesAreFlushedNowAndThen(t *testing.T) {
	flushes := 0
	r := newRevisions(10, func() error { flushes++; return nil })
	for revision := int64(11); revision <= 10+slack; revision++ {
		if err := r.lazy(revision); err != nil || flushes > 0 {
			t.Fatalf("revision %d: %d flushes, %v", revision, flushes, err)
		}
	}
	if err := r.lazy(11 + slack); err != nil || flushes != 1 || r.durable != 11+slack {
		t.Fatalf("%d flushes, durable up to %d: %v", flushes, r.durable, err)
	}
}

func TestEachStartLeavesRevisionsOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	create := func(key string) int64 {
		t.Helper()
		backend, stop := start(t, guarded(path, (*logFile).sync))
		defer stop()
		revision, err := backend.Create(t.Context(), key, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		return revision
	}
	first, second := create("/registry/pods/a"), create("/registry/pods/b")
	if first > 10 || second != first+slack+1 {
		t.Errorf("revisions %d, %d", first, second)
	}
	if err := os.WriteFile(path+RestoredSuffix, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if third := create("/registry/pods/c"); third != second+restoredSkip+1 {
		t.Errorf("behind a restored database: %d", third)
	}
	if _, err := os.Stat(path + RestoredSuffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the mark is still there: %v", err)
	}
}

func TestAFlushThatFailsEndsIt(t *testing.T) {
	broken := errors.New("input/output error")
	var fails atomic.Bool
	flush := func(*logFile) error {
		if fails.Load() {
			return broken
		}
		return nil
	}
	backend, _ := start(t, guarded(filepath.Join(t.TempDir(), "state.db"), flush))
	fails.Store(true)
	if _, err := backend.Create(t.Context(), "/registry/pods/a", nil, 0); !errors.Is(err, broken) {
		t.Errorf("acknowledged: %v", err)
	}
	d := backend.(*Backend)
	<-d.Failed()
	if !errors.Is(d.Err(), broken) {
		t.Errorf("failed with %v", d.Err())
	}
	fails.Store(false)
	if _, err := backend.Create(t.Context(), "/registry/pods/b", nil, 0); !errors.Is(err, broken) {
		t.Errorf("acknowledged behind a failure: %v", err)
	}
}

func TestOnlyALogCanBeGuarded(t *testing.T) {
	config := settings(filepath.Join(t.TempDir(), "state.db"))
	config.Endpoint = strings.Replace(config.Endpoint, "=WAL", "=DELETE", 1)
	ctx, cancel := context.WithCancel(t.Context())
	var open sync.WaitGroup
	defer open.Wait()
	defer cancel()
	if _, err := Open(ctx, &open, config); err == nil || !strings.Contains(err.Error(), `journal mode "delete"`) {
		t.Fatalf("a database without a write-ahead log: %v", err)
	}
}

func TestTheLogIsFoundAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db-wal")
	log := &logFile{path: path}
	if err := log.sync(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	for range 2 {
		if err := os.WriteFile(path+".new", []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
		if err := log.sync(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || !os.SameFile(info, log.info) {
			t.Errorf("another file was flushed: %v", err)
		}
	}
}
