package durable

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestKineLeavesTheLog(t *testing.T) {
	for name, want := range map[string]string{
		"/db":      "/db?_kine_disable_compact_wal_checkpoint",
		"/db?_a=b": "/db?_a=b&_kine_disable_compact_wal_checkpoint",
	} {
		if got := leaveLog(name); got != want {
			t.Errorf("%s becomes %s", name, got)
		}
	}
}

// A reader that began before keeps SQLite from beginning its log anew.
func TestALogThatIsReadAllTheTimeStaysSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	if err := create(t.Context(), path, pageSize); err != nil {
		t.Fatal(err)
	}
	backend, _ := start(t, guarded(path, (*logFile).sync))
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	reader, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := reader.QueryRow("SELECT count(*) FROM kine").Scan(&rows); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"/registry/pods/a", "/registry/pods/b"} {
		if _, err := backend.Create(t.Context(), key, make([]byte, 100_000), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if size := logSize(t, path); size < 200_000 {
		t.Fatalf("the log has %d bytes, so nothing is proved", size)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	connection, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		limitLog(ctx, connection, path+"-wal", time.Millisecond, 100_000)
		close(ended)
	}()
	defer func() { stop(); <-ended }()
	for logSize(t, path) > 100_000 {
		if ctx.Err() != nil {
			t.Fatal("the log stays large")
		}
		time.Sleep(time.Millisecond)
	}
}

func logSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
