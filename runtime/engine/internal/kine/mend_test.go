package kine

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// running is kine as the engine runs it, with a client.
type running struct {
	client *clientv3.Client
	ended  chan error
	stop   context.CancelFunc
}

func run(t *testing.T, folder string, flags ...string) running {
	t.Helper()
	socket := "unix://" + filepath.Join(folder, "kine.sock")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, append([]string{
			"--endpoint=sqlite://" + filepath.Join(folder, "state.db") + "?_journal_mode=WAL&_synchronous=NORMAL&_txlock=immediate&cache=shared&_kine_disable_startup_vacuum",
			"--listen-address=" + socket, "--snapshots=" + filepath.Join(folder, "snapshots"),
		}, flags...))
	}()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{socket}, DialTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return running{client, ended, stop}
}

func (r running) put(t *testing.T, key string) {
	t.Helper()
	value := strings.Repeat("v", 600)
	_, err := r.client.Txn(t.Context()).If(clientv3.Compare(clientv3.ModRevision(key), "=", 0)).
		Then(clientv3.OpPut(key, value)).Else(clientv3.OpGet(key)).Commit()
	if err != nil {
		t.Fatal(err)
	}
}

// list reads everything. The client asks for ever when nobody serves.
func (r running) list(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := r.client.Get(ctx, "/registry/", clientv3.WithRange("/registry0"))
	return err
}

// TestNobodyIsServedErrorsOfADamagedDatabase: it ends, and the next start mends.
func TestNobodyIsServedErrorsOfADamagedDatabase(t *testing.T) {
	folder := t.TempDir()
	first := run(t, folder)
	for i := range 600 {
		first.put(t, fmt.Sprintf("/registry/secrets/%d", i))
	}
	first.stop()
	if err := <-first.ended; err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "state.db")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Behind the rows that each start reads.
	clear(content[20*1024 : 300*1024])
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	// Not checked at its start, as if it had been damaged later.
	second := run(t, folder, "--snapshots=")
	_ = second.list(t)
	select {
	case err := <-second.ended:
		if err == nil || !strings.Contains(err.Error(), "malformed") {
			t.Fatalf("ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it serves errors")
	}
	third := run(t, folder)
	if err := third.list(t); err != nil {
		t.Fatal(err)
	}
	third.stop()
	if err := <-third.ended; err != nil {
		t.Fatal(err)
	}
	if folders, _ := filepath.Glob(filepath.Join(folder, "damaged-*", "what.json")); len(folders) != 1 {
		t.Fatalf("set aside: %q", folders)
	}
}

// TestItBeginsEmptyWhenNothingCanBeRead, with revisions that nobody has seen.
func TestItBeginsEmptyWhenNothingCanBeRead(t *testing.T) {
	folder := t.TempDir()
	garbage := bytes.Repeat([]byte("no database "), 10_000)
	if err := os.WriteFile(filepath.Join(folder, "state.db"), garbage, 0o600); err != nil {
		t.Fatal(err)
	}
	first := run(t, folder)
	first.put(t, "/registry/secrets/a")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got, err := first.client.Get(ctx, "/registry/secrets/a")
	if err != nil || len(got.Kvs) != 1 || got.Kvs[0].ModRevision < 1_000_000_000 {
		t.Fatalf("%v %+v", err, got)
	}
	first.stop()
	if err := <-first.ended; err != nil {
		t.Fatal(err)
	}
	kept, _ := filepath.Glob(filepath.Join(folder, "damaged-*", "state.db"))
	if len(kept) != 1 {
		t.Fatalf("kept: %q", kept)
	}
}
