package mend

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/mattn/go-sqlite3"

	"holdfast.dev/engine/internal/names"
)

// limitVariable is set in the process that is run again by [store.limited].
const limitVariable = "MEND_TEST_LARGEST_FILE"

// limited is Ensure on a disk that takes no file larger than this: a full one
// that needs no file system of its own. The limit is a process's, so it is another
// process, and what it ended with a text.
func (s *store) limited(largest uint64) string {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), os.Args[0], "-test.run=^TestInTheLimitedProcess$")
	command.Env = append(os.Environ(), limitVariable+"="+strconv.FormatUint(largest, 10), "MEND_TEST_DATABASE="+s.Database)
	said, err := command.CombinedOutput()
	s.must(nil, err)
	_, said, is := bytes.Cut(said, []byte("ended: "))
	if !is {
		s.t.Fatal("the limited process did not say how it ended")
	}
	return string(said)
}

func TestInTheLimitedProcess(t *testing.T) {
	largest, err := strconv.ParseUint(os.Getenv(limitVariable), 10, 64)
	if err != nil {
		t.Skip("only in the process that has the limit")
	}
	s := storeAt(t, os.Getenv("MEND_TEST_DATABASE"))
	// SQLite and Go get an error of the write instead.
	signal.Ignore(syscall.SIGXFSZ)
	s.must(nil, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: largest, Max: largest}))
	fmt.Println("ended:", s.Ensure(t.Context(), t.Logf))
}

// However often it is tried on a full disk, nothing is lost, and the first start
// with room does what the first one wanted.
func TestAFullDiskStopsTheStartAndLosesNothing(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*store)
		what    string
		least   int
	}{
		{"rows that can be read", func(*store) {}, recovered, 1300},
		{"a snapshot", (*store).take, fromSnapshot, 2000},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStore(t)
			s.write(2000, false)
			c.prepare(s)
			s.damage(300*1024, 160*1024)
			before, err := os.ReadFile(s.Database)
			s.must(nil, err)
			for range mostAside + 1 {
				said := s.limited(200 << 10)
				if !strings.Contains(said, "make room") || !strings.Contains(said, s.Database+"-replacement") {
					t.Fatalf("it ended with: %s", said)
				}
			}
			folder, what := s.aside1()
			if what.Finished || what.What != undecided || names.Has(s.Database) {
				t.Errorf("something was decided: %+v", what)
			}
			if kept, _ := os.ReadFile(filepath.Join(folder, "state.db")); !bytes.Equal(kept, before) {
				t.Error("what is kept is not what was there")
			}
			if left, _ := filepath.Glob(s.Database + "-replacement*"); len(left) > 0 {
				t.Errorf("half of it takes room: %q", left)
			}
			s.ensure()
			if rows := s.rows(); rows < c.least {
				t.Errorf("%d rows", rows)
			}
			if _, what := s.aside1(); what.What != c.what || !what.Finished {
				t.Errorf("record %+v", what)
			}
		})
	}
}

// startsWhole has nothing set aside, and a start with room finds all rows.
func (s *store) startsWhole(expected int) {
	s.t.Helper()
	if folders, _ := s.asides(); len(folders) > 0 {
		s.t.Errorf("set aside: %q", folders)
	}
	s.ensure()
	if rows := s.rows(); rows != expected {
		s.t.Errorf("%d rows", rows)
	}
}

// SQLite writes the index of the log even when it only reads.
func TestAnIndexThatCannotBeWrittenIsNoDamage(t *testing.T) {
	s := newStore(t)
	s.write(400, false)
	s.take()
	if said := s.limited(1 << 10); !strings.Contains(said, "check the datastore") || !strings.Contains(said, "file too large") {
		t.Errorf("it ended with: %s", said)
	}
	s.startsWhole(400)
}

// A record that cannot be written leaves no folder, or the starts on a full disk
// would soon be too many.
func TestARecordThatCannotBeWrittenLeavesNothing(t *testing.T) {
	s := newStore(t)
	s.write(400, false)
	s.take()
	s.damage(0, 1024)
	for range mostAside + 1 {
		if said := s.limited(32); !strings.Contains(said, "set aside") || !strings.Contains(said, "file too large") {
			t.Fatalf("it ended with: %s", said)
		}
	}
	s.startsWhole(400)
}

// What a damaged page shows twice must not keep the other rows from being had.
func TestARevisionThatIsThereTwiceIsCopiedOnce(t *testing.T) {
	open := func(name, form string) *sql.DB {
		db, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), name))
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = db.Close() })
		if _, err := db.ExecContext(t.Context(), form); err != nil {
			t.Fatal(err)
		}
		return db
	}
	source := open("source.db", strings.Replace(table, "PRIMARY KEY AUTOINCREMENT", "", 1)+`;
		INSERT INTO kine (id, name) VALUES (1, 'a'), (2, 'b'), (2, 'c'), (3, 'd')`)
	rows, holes, err := copyRows(t.Context(), source, open("target.db", "PRAGMA page_size = 1024"))
	if err != nil || rows != 3 || holes != 0 {
		t.Errorf("%d rows, %d holes, error %v", rows, holes, err)
	}
}

// SQLite calls a full target neither damage nor an error of reading; one that
// fails otherwise it may.
func TestATargetThatIsFullIsNoHoleOfTheSource(t *testing.T) {
	s := newStore(t)
	s.write(400, false)
	source, err := openReadOnly(s.Database)
	s.must(nil, err)
	defer func() { _ = source.Close() }()
	target, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "target.db"))
	s.must(nil, err)
	defer func() { _ = target.Close() }()
	target.SetMaxOpenConns(1)
	s.must(target.Exec("PRAGMA page_size = 1024"))
	s.must(target.Exec("PRAGMA max_page_count = 50"))
	rows, holes, err := copyRows(t.Context(), source, target)
	var said sqlite3.Error
	if !errors.As(err, &said) || said.Code != sqlite3.ErrFull || rows != 0 || holes != 0 {
		t.Errorf("%d rows, %d holes, error %v", rows, holes, err)
	}
	for _, code := range []sqlite3.ErrNo{sqlite3.ErrCorrupt, sqlite3.ErrNotADB, sqlite3.ErrError} {
		said := sqlite3.Error{Code: code}
		if !isLost(said) || isLost(&writeError{said}) {
			t.Errorf("%v: of the source %v, of the target %v", code, isLost(said), isLost(&writeError{said}))
		}
	}
}
