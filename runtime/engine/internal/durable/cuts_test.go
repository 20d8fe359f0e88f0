package durable

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/k3s-io/kine/pkg/drivers"
	"github.com/k3s-io/kine/pkg/server"
)

const (
	cuts    = 25
	writers = 8
	// between is how many acknowledged writes there are between two cuts.
	between = 80
	// parameters are a node's, see runtime/src/plan/engine.rs.
	parameters = "?_journal_mode=WAL&_busy_timeout=30000&_synchronous=NORMAL&_txlock=immediate&_stmt_cache_size=20&_kine_disable_startup_vacuum"
)

func settings(path string) *drivers.Config {
	config := &drivers.Config{Endpoint: scheme + path + parameters}
	config.CompactBatchSize, config.PollBatchSize = 1000, 500
	return config
}

// start runs a backend until the test ends or stop is called.
func start(t testing.TB, open func(context.Context, *sync.WaitGroup) (server.Backend, error)) (backend server.Backend, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var closed sync.WaitGroup
	stop = func() { cancel(); closed.Wait() }
	t.Cleanup(stop)
	backend, err := open(ctx, &closed)
	if err != nil {
		t.Fatal(err)
	}
	if err := backend.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return backend, stop
}

func guarded(path string, flush func(*logFile) error) func(context.Context, *sync.WaitGroup) (server.Backend, error) {
	return func(ctx context.Context, closed *sync.WaitGroup) (server.Backend, error) {
		return openWith(ctx, closed, settings(path), flush)
	}
}

func upstream(path string) func(context.Context, *sync.WaitGroup) (server.Backend, error) {
	return func(ctx context.Context, closed *sync.WaitGroup) (server.Backend, error) {
		_, backend, err := drivers.New(ctx, closed, settings(path))
		return backend, err
	}
}

// client is everybody outside: what was acknowledged to it, what it has seen.
type client struct {
	mutex        sync.Mutex
	acknowledged map[int64]entry
	seen         map[int64]entry
	told         map[int64]entry
	highest      int64
	watched      int64
	begun        int
	allowed      int
	closed       bool
	failure      error
	moved        *sync.Cond
}

type entry struct{ key, value string }

func (e entry) lazy() bool { return strings.HasPrefix(e.key, events) }

func newClient() *client {
	c := &client{acknowledged: map[int64]entry{}, seen: map[int64]entry{}, told: map[int64]entry{}}
	c.moved = sync.NewCond(&c.mutex)
	return c
}

// allow lets the writers go on to that many writes.
func (c *client) allow(count int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.allowed = count
	c.moved.Broadcast()
}

// close ends writers and readers.
func (c *client) close() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.closed = true
	c.moved.Broadcast()
}

// next waits until one more write is allowed; false says that none will be.
func (c *client) next() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for c.begun == c.allowed && !c.closed {
		c.moved.Wait()
	}
	c.begun++
	return !c.closed
}

// another waits until there is something new to read; false says that none
// will be.
func (c *client) another(known int) (int, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for len(c.acknowledged) < known+between/8 && !c.closed {
		c.moved.Wait()
	}
	return len(c.acknowledged), !c.closed
}

func (c *client) fail(err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.failure = errors.Join(c.failure, err)
	c.moved.Broadcast()
}

func (c *client) note(into map[int64]entry, revision int64, e entry) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	into[revision] = e
	c.highest = max(c.highest, revision)
	c.moved.Broadcast()
}

// write makes and changes keys, every other one an event.
func (c *client) write(ctx context.Context, backend server.Backend, name int) {
	for round := 0; c.next(); round++ {
		e := entry{fmt.Sprintf("/registry/configmaps/default/%d-%d", name, round/4), fmt.Sprintf("value %d", round)}
		if round/4%2 == 1 {
			e.key = fmt.Sprintf("%sdefault/%d-%d", events, name, round/4)
		}
		e.value += strings.Repeat(" padding", rand.IntN(200))
		var revision int64
		var err error
		if round%4 == 0 {
			revision, err = backend.Create(ctx, e.key, []byte(e.value), 0)
		} else {
			revision, err = c.change(ctx, backend, e)
		}
		if err != nil {
			c.fail(fmt.Errorf("write %s: %w", e.key, err))
			return
		}
		c.note(c.acknowledged, revision, e)
	}
}

func (c *client) change(ctx context.Context, backend server.Backend, e entry) (int64, error) {
	_, kv, err := backend.Get(ctx, e.key, 0, false)
	if err != nil {
		return 0, err
	}
	revision, _, updated, err := backend.Update(ctx, e.key, []byte(e.value), kv.ModRevision, 0)
	if err == nil && !updated {
		err = errors.New("was not updated, though nobody else writes it")
	}
	return revision, err
}

// list reads everything, again and again.
func (c *client) list(ctx context.Context, backend server.Backend) {
	for count, more := c.another(0); more; count, more = c.another(count) {
		revision, kvs, err := backend.List(ctx, "/registry/", "/registry0", 0, 0, false)
		if err != nil {
			c.fail(fmt.Errorf("list: %w", err))
			return
		}
		for _, kv := range kvs {
			c.note(c.seen, kv.ModRevision, entry{kv.Key, string(kv.Value)})
		}
		c.mutex.Lock()
		c.highest = max(c.highest, revision)
		c.mutex.Unlock()
	}
}

// watch follows all changes from the first on.
func (c *client) watch(ctx context.Context, backend server.Backend) {
	for changes := range backend.Watch(ctx, "/registry/", "/registry0", 1).Events {
		for _, change := range changes {
			if change == nil {
				continue
			}
			e := entry{change.KV.Key, string(change.KV.Value)}
			c.note(c.seen, change.KV.ModRevision, e)
			c.mutex.Lock()
			c.told[change.KV.ModRevision] = e
			if change.KV.ModRevision <= c.watched {
				c.failure = fmt.Errorf("revision %d was told behind %d", change.KV.ModRevision, c.watched)
			}
			c.watched = change.KV.ModRevision
			c.moved.Broadcast()
			c.mutex.Unlock()
		}
	}
}

// await waits for the number of acknowledged writes and gives all that is known.
func (c *client) await(count int) (acknowledged, seen map[int64]entry, highest int64) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for len(c.acknowledged) < count && c.failure == nil {
		c.moved.Wait()
	}
	return maps.Clone(c.acknowledged), maps.Clone(c.seen), c.highest
}

// allTold waits until the watcher is as far as the writers, and says whether it
// was told everything that was acknowledged.
func (c *client) allTold() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for revision, e := range c.acknowledged {
		for c.watched < revision && c.failure == nil {
			c.moved.Wait()
		}
		if c.told[revision] != e {
			return fmt.Errorf("the watcher was told %v at revision %d, where %v was written", c.told[revision], revision, e)
		}
	}
	return c.failure
}

// stored reads all revisions of a database.
func stored(t *testing.T, path string) map[int64]entry {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.Query("SELECT id, name, value FROM kine")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	found := map[int64]entry{}
	for rows.Next() {
		var revision int64
		var key string
		var value []byte
		if err := rows.Scan(&revision, &key, &value); err != nil {
			t.Fatal(err)
		}
		found[revision] = entry{key, string(value)}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// outcome counts what cuts did to a client.
type outcome struct{ acknowledged, lost, reused, replaced, flushes int }

// endure lets clients write, cuts the power again and again, and looks at what
// each cut left.
func endure(t *testing.T, open func(string, func(*logFile) error) func(context.Context, *sync.WaitGroup) (server.Backend, error)) outcome {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	p := &power{path: filepath.Join(t.TempDir(), "state.db")}
	backend, stop := start(t, open(p.path, p.flush))
	ctx, cancel := context.WithCancel(t.Context())
	c := newClient()
	var busy sync.WaitGroup
	busy.Go(func() { c.watch(ctx, backend) })
	busy.Go(func() { c.list(ctx, backend) })
	for name := range writers {
		busy.Go(func() { c.write(ctx, backend, name) })
	}
	var o outcome
	for cut := range cuts {
		// A write of each writer is under way when the power is cut.
		c.allow((cut+1)*between + writers)
		acknowledged, seen, highest := c.await((cut + 1) * between)
		path := p.cut(t, chance)
		o.acknowledged = len(acknowledged)
		o.judge(t, path, open, [2]map[int64]entry{acknowledged, seen}, highest)
	}
	c.close()
	if err := c.allTold(); err != nil {
		t.Error(err)
	}
	cancel()
	stop()
	busy.Wait()
	o.flushes = p.flushes()
	return o
}

// judge starts on what a cut left and compares.
func (o *outcome) judge(
	t *testing.T, path string, open func(string, func(*logFile) error) func(context.Context, *sync.WaitGroup) (server.Backend, error),
	known [2]map[int64]entry, highest int64,
) {
	backend, stop := start(t, open(path, (*logFile).sync))
	revision, err := backend.Create(t.Context(), "/registry/configmaps/default/after-the-cut", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if revision <= highest {
		o.reused++
	}
	there := stored(t, path)
	for _, entries := range known {
		for at, e := range entries {
			found, is := there[at]
			switch {
			case is && (found.key != e.key || !bytes.Equal([]byte(found.value), []byte(e.value))):
				o.replaced++
			case !is && !e.lazy():
				o.lost++
			}
		}
	}
}

func TestPowerCuts(t *testing.T) {
	o := endure(t, guarded)
	t.Logf("%+v", o)
	if o.lost+o.reused+o.replaced > 0 {
		t.Errorf("cuts took back what was seen: %+v", o)
	}
}

// TestPowerCutsTakeFromUpstream keeps the other test honest: without the guard
// the same cuts must be seen to take.
func TestPowerCutsTakeFromUpstream(t *testing.T) {
	o := endure(t, func(path string, _ func(*logFile) error) func(context.Context, *sync.WaitGroup) (server.Backend, error) {
		return upstream(path)
	})
	t.Logf("%+v", o)
	if o.lost == 0 || o.reused == 0 {
		t.Errorf("cuts took nothing: %+v", o)
	}
}
