package mend

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.dev/engine/internal/names"
)

// store is a database with its policy.
type store struct {
	Policy
	t   *testing.T
	now time.Time
}

func newStore(t *testing.T) *store {
	s := storeAt(t, filepath.Join(t.TempDir(), "state.db"))
	s.ensure()
	return s
}

func storeAt(t *testing.T, database string) *store {
	s := &store{t: t, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	s.Policy = Policy{
		Database: database, Snapshots: filepath.Join(filepath.Dir(database), "snapshots"),
		Keep: 3, Rate: 1 << 20, Damaged: Repair, Version: "v1.36.3", Now: func() time.Time { return s.now },
	}
	return s
}

// open is the database as kine has it.
func (s *store) open() *sql.DB {
	db, err := sql.Open("sqlite3", s.Database+"?_journal_mode=WAL&_synchronous=NORMAL")
	if err != nil {
		s.t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

// write appends revisions, each of 500 bytes; keepLog leaves the log as a cut
// does.
func (s *store) write(count int, keepLog bool) {
	db := s.open()
	statements := []string{"PRAGMA page_size = 1024", strings.Replace(table, "CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1),
		"CREATE INDEX IF NOT EXISTS kine_name_index ON kine (name)"}
	for _, statement := range statements {
		s.must(db.Exec(statement))
	}
	for range count {
		s.must(db.Exec("INSERT INTO kine (name, value) VALUES ('/registry/x', ?)", bytes.Repeat([]byte("v"), 500)))
	}
	if keepLog {
		log, err := os.ReadFile(s.Database + "-wal")
		s.must(nil, err)
		main, err := os.ReadFile(s.Database)
		s.must(nil, err)
		s.must(nil, db.Close())
		s.must(nil, os.WriteFile(s.Database, main, 0o600))
		s.must(nil, os.WriteFile(s.Database+"-wal", log, 0o600))
		return
	}
	s.must(nil, db.Close())
}

func (s *store) must(_ any, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *store) ensure() {
	s.t.Helper()
	s.must(nil, s.Ensure(s.t.Context(), s.t.Logf))
}

func (s *store) take() {
	s.t.Helper()
	s.must(nil, s.Take(s.t.Context()))
}

// rows counts what is there, or says that it cannot be read.
func (s *store) rows() int {
	s.t.Helper()
	if !names.Has(s.Database) {
		return -1
	}
	why, err := check(s.t.Context(), s.Database, wholeCheck)
	if err != nil || why != "" {
		s.t.Fatalf("the database is not usable: %v %s", err, why)
	}
	db := s.open()
	defer func() { _ = db.Close() }()
	var count int
	s.must(nil, db.QueryRow("SELECT COUNT(*) FROM kine").Scan(&count))
	return count
}

func (s *store) damage(offset int64, length int) {
	s.t.Helper()
	file, err := os.OpenFile(s.Database, os.O_RDWR, 0)
	s.must(nil, err)
	_, err = file.WriteAt(bytes.Repeat([]byte{0xa5}, length), offset)
	s.must(nil, err)
	s.must(nil, file.Close())
}

// aside is the one folder of what was set aside.
func (s *store) aside1() (string, record) {
	s.t.Helper()
	folders, err := s.asides()
	s.must(nil, err)
	if len(folders) != 1 {
		s.t.Fatalf("set aside: %q", folders)
	}
	what, err := readRecord(folders[0])
	s.must(nil, err)
	return folders[0], what
}

func TestDamageIsFoundSetAsideAndReplaced(t *testing.T) {
	cases := []struct {
		name   string
		damage func(*store)
		kept   string
	}{
		{"pages overwritten", func(s *store) { s.damage(20*1024, 160*1024) }, "state.db"},
		{"the first page overwritten", func(s *store) { s.damage(0, 1024) }, "state.db"},
		{"truncated", func(s *store) { s.must(nil, os.Truncate(s.Database, 100*1024+7)) }, "state.db"},
		{"no database at all", func(s *store) { s.damage(0, 300*1024) }, "state.db"},
		{"emptied", func(s *store) { s.must(nil, os.Truncate(s.Database, 0)) }, "state.db"},
		{"gone", func(s *store) { s.must(nil, os.Remove(s.Database)) }, "what.json"},
		{"damaged with a log", func(s *store) { s.write(5, true); s.damage(20*1024, 160*1024) }, "state.db-wal"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newStore(t)
			s.write(400, false)
			taken := s.now
			s.take()
			s.write(50, false)
			s.now = s.now.Add(time.Hour)
			c.damage(s)
			before, _ := os.ReadFile(s.Database)
			s.ensure()
			if rows := s.rows(); rows != 400 {
				t.Errorf("%d rows, not those of the snapshot", rows)
			}
			folder, what := s.aside1()
			if what.What != fromSnapshot || !what.AsOf.Equal(taken) || !what.Finished || what.Why == "" {
				t.Errorf("record: %+v", what)
			}
			if !names.Has(filepath.Join(folder, c.kept)) {
				t.Errorf("%s is not kept", c.kept)
			}
			if kept, _ := os.ReadFile(filepath.Join(folder, "state.db")); !bytes.Equal(kept, before) {
				t.Error("what is kept is not what was there")
			}
			if !names.Has(restoredMark(s.Database)) {
				t.Error("revisions will be given twice")
			}
			s.ensure()
			s.aside1()
		})
	}
}

func TestTheNextSnapshotServesWhenTheNewestIsDamaged(t *testing.T) {
	s := newStore(t)
	s.write(300, false)
	s.take()
	s.write(10, false)
	s.take()
	all, err := list(s.Snapshots)
	s.must(nil, err)
	s.must(nil, os.Truncate(all[0].path, 30*1024))
	s.damage(20*1024, 100*1024)
	s.ensure()
	if rows := s.rows(); rows != 300 {
		t.Errorf("%d rows", rows)
	}
	folder, _ := s.aside1()
	if !names.Has(filepath.Join(folder, filepath.Base(all[0].path))) {
		t.Error("the damaged snapshot is not kept")
	}
}

func TestWithoutASnapshotWhatCanBeReadIsKept(t *testing.T) {
	s := newStore(t)
	s.write(2000, false)
	s.damage(300*1024, 160*1024)
	s.ensure()
	rows := s.rows()
	_, what := s.aside1()
	if rows < 1300 || rows >= 2000 || what.What != recovered || what.Holes == 0 {
		t.Errorf("%d of 2000 rows, record %+v", rows, what)
	}
}

func TestWhenNothingCanBeReadItBeginsEmpty(t *testing.T) {
	s := newStore(t)
	s.write(400, false)
	s.damage(0, 400*1024)
	s.ensure()
	folder, what := s.aside1()
	if what.What != empty || names.Has(s.Database) || !names.Has(filepath.Join(folder, "state.db")) {
		t.Errorf("record %+v", what)
	}
	s.ensure()
	s.aside1()
}

func TestStopLeavesAllAsItIs(t *testing.T) {
	s := newStore(t)
	s.write(400, false)
	s.take()
	s.damage(20*1024, 100*1024)
	s.Damaged = Stop
	before, _ := os.ReadFile(s.Database)
	if err := s.Ensure(t.Context(), t.Logf); err == nil || !strings.Contains(err.Error(), "leave it as it is") {
		t.Fatalf("error: %v", err)
	}
	after, _ := os.ReadFile(s.Database)
	if folders, _ := s.asides(); len(folders) > 0 || !bytes.Equal(before, after) {
		t.Error("something was changed")
	}
}

func TestALogThatCannotBeReadIsSetAside(t *testing.T) {
	s := newStore(t)
	s.write(400, false)
	s.write(5, true)
	log, err := os.ReadFile(s.Database + "-wal")
	s.must(nil, err)
	copy(log[8:], "torn")
	s.must(nil, os.WriteFile(s.Database+"-wal", log, 0o600))
	s.ensure()
	if rows := s.rows(); rows != 400 {
		t.Errorf("%d rows", rows)
	}
	folder, what := s.aside1()
	if what.What != logOnly || what.AsOf.IsZero() || !names.Has(filepath.Join(folder, "state.db-wal")) || names.Has(filepath.Join(folder, "state.db")) {
		t.Errorf("record %+v", what)
	}
}

// A log that a cut tore is no damage: SQLite takes what is whole of it.
func TestATornLogIsNoDamage(t *testing.T) {
	s := newStore(t)
	s.write(400, false)
	s.write(20, true)
	info, err := os.Stat(s.Database + "-wal")
	s.must(nil, err)
	s.must(nil, os.Truncate(s.Database+"-wal", info.Size()-700))
	s.ensure()
	if folders, _ := s.asides(); len(folders) > 0 {
		t.Errorf("set aside: %q", folders)
	}
	if rows := s.rows(); rows < 415 || rows > 420 {
		t.Errorf("%d rows", rows)
	}
}

// Every state that a power cut can leave is finished by the next start.
func TestACutInTheMiddleIsFinished(t *testing.T) {
	files := []string{"", "-wal"}
	for moved := range len(files) + 2 {
		t.Run(fmt.Sprintf("%d steps", moved), func(t *testing.T) {
			s := newStore(t)
			s.write(400, false)
			s.take()
			s.write(9, true)
			s.damage(20*1024, 100*1024)
			folder := filepath.Join(filepath.Dir(s.Database), asidePrefix+"20261101T120000Z")
			s.must(nil, os.Mkdir(folder, 0o700))
			s.must(nil, writeRecord(folder, record{Found: s.now, Why: "pages"}))
			for _, suffix := range files[:min(moved, len(files))] {
				s.must(nil, os.Rename(s.Database+suffix, filepath.Join(folder, "state.db"+suffix)))
			}
			if moved > len(files) {
				all, err := list(s.Snapshots)
				s.must(nil, err)
				s.must(nil, copyFile(all[0].path, s.Database))
				s.must(nil, writeRecord(folder, record{Found: s.now, Why: "pages", What: fromSnapshot, AsOf: s.now}))
			}
			s.ensure()
			if rows := s.rows(); rows != 400 {
				t.Errorf("%d rows", rows)
			}
			if _, what := s.aside1(); !what.Finished || what.What != fromSnapshot {
				t.Errorf("record %+v", what)
			}
			for _, suffix := range files {
				if !names.Has(filepath.Join(folder, "state.db"+suffix)) {
					t.Errorf("state.db%s is not kept", suffix)
				}
			}
		})
	}
}

func TestSnapshotsAreBoundedAndTakenInUse(t *testing.T) {
	s := newStore(t)
	s.write(100, false)
	db := s.open()
	defer func() { _ = db.Close() }()
	for range 5 {
		s.must(db.Exec("INSERT INTO kine (name) VALUES ('/registry/y')"))
		s.take()
		s.now = s.now.Add(-time.Hour) // a clock that goes back
	}
	all, err := list(s.Snapshots)
	s.must(nil, err)
	if len(all) != 3 || all[0].revision != 105 || all[2].revision != 103 {
		t.Errorf("kept: %+v", all)
	}
	entries, _ := os.ReadDir(s.Snapshots)
	if len(entries) != 3 {
		t.Errorf("the folder has %v", entries)
	}
}

func TestOtherSoftwareStartsBehindASnapshot(t *testing.T) {
	s := newStore(t)
	s.write(100, false)
	s.take()
	s.write(1, false)
	s.Version = "v1.37.2"
	s.ensure()
	if all, _ := list(s.Snapshots); len(all) != 2 || all[0].version != "v1.37.2" || all[0].revision != 101 {
		t.Errorf("snapshots: %+v", all)
	}
	s.ensure()
	if all, _ := list(s.Snapshots); len(all) != 2 {
		t.Errorf("again: %+v", all)
	}
}

// An index that lacks a row is seen by the whole check only: it is made when
// something was found in use.
func TestASuspectIsCheckedWhole(t *testing.T) {
	s := newStore(t)
	s.write(100, false)
	s.take()
	db := s.open()
	s.must(db.Exec("PRAGMA writable_schema = 1"))
	s.must(db.Exec("UPDATE sqlite_schema SET sql = 'CREATE INDEX kine_name_index ON kine (value)' WHERE name = 'kine_name_index'"))
	s.must(nil, db.Close())
	s.ensure()
	if folders, _ := s.asides(); len(folders) > 0 {
		t.Skip("the quick check sees it, too")
	}
	s.must(nil, s.Suspect())
	s.ensure()
	s.aside1()
	if names.Has(s.suspect()) {
		t.Error("it is suspected for ever")
	}
}

func TestAfterSoManyAPersonIsAsked(t *testing.T) {
	s := newStore(t)
	s.write(400, false)
	s.take()
	for range mostAside {
		s.damage(20*1024, 100*1024)
		s.ensure()
	}
	s.damage(20*1024, 100*1024)
	if err := s.Ensure(t.Context(), t.Logf); err == nil || !strings.Contains(err.Error(), "8 damaged ones are kept") {
		t.Errorf("error: %v", err)
	}
}

func TestADamageInUseIsFoundByTheCopy(t *testing.T) {
	s := newStore(t)
	s.write(400, false)
	s.damage(20*1024, 100*1024)
	err := s.Take(context.Background())
	if err == nil || s.confirm(t.Context(), err) == nil {
		t.Errorf("error: %v", err)
	}
	if entries, _ := os.ReadDir(s.Snapshots); len(entries) > 0 {
		t.Errorf("left: %v", entries)
	}
}
