package mend

import (
	"path/filepath"
	"strings"
	"testing"

	"holdfast.dev/engine/internal/names"
)

func TestACopyOfADatabaseInUse(t *testing.T) {
	s := newStore(t)
	s.write(20, true) // its last revisions are in the log alone
	db := s.open()
	defer func() { _ = db.Close() }()
	to := filepath.Join(t.TempDir(), "copy.db")
	s.must(nil, Copy(t.Context(), s.Database, to))
	if names.Has(to+"-wal") || names.Has(to+"-shm") {
		t.Error("it is more than one file")
	}
	copied := &store{Policy: Policy{Database: to}, t: t}
	if rows := copied.rows(); rows != 20 {
		t.Errorf("%d rows", rows)
	}
	if err := Copy(t.Context(), s.Database, to); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("over another file: %v", err)
	}
}

func TestNoCopyOfADamagedDatabase(t *testing.T) {
	s := newStore(t)
	s.write(200, false)
	s.damage(20<<10, 60<<10)
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := Copy(t.Context(), s.Database, to); err == nil || names.Has(to) {
		t.Errorf("%v", err)
	}
	if err := Copy(t.Context(), s.Database+"x", to); err == nil {
		t.Error("there is no such database")
	}
}
