package mend

import (
	"path/filepath"
	"strings"
	"testing"

	"holdfast.dev/engine/internal/names"
)

// change runs statements on the database, as another version of kine would.
func (s *store) change(statements ...string) {
	s.t.Helper()
	db := s.open()
	for _, statement := range statements {
		s.must(db.Exec(statement))
	}
	s.must(nil, db.Close())
}

func TestOtherFormsOfTheTable(t *testing.T) {
	for name, test := range map[string]struct {
		change string
		why    string
	}{
		"as it is":                            {"SELECT 1", ""},
		"a column more, empty":                {"ALTER TABLE kine ADD COLUMN colour TEXT", ""},
		"a column more, with a value":         {"ALTER TABLE kine ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'", ""},
		"a column less":                       {"ALTER TABLE kine DROP COLUMN old_value", "there is no column old_value"},
		"a column with another name":          {"ALTER TABLE kine RENAME COLUMN lease TO rent", "there is no column lease"},
		"no table yet, as a cut may leave it": {"DROP TABLE kine", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.write(5, false)
			s.change(test.change)
			why, err := check(t.Context(), s.Database, wholeCheck)
			if err != nil || (test.why == "") != (why == "") || !strings.Contains(why, test.why) {
				t.Errorf("%q %v", why, err)
			}
		})
	}
	s := newStore(t)
	s.write(1, false)
	s.change("CREATE TABLE next ("+strings.ReplaceAll(columns, ", ", " INTEGER, ")+" INTEGER, colour TEXT NOT NULL)",
		"DROP TABLE kine", "ALTER TABLE next RENAME TO kine")
	why, err := check(t.Context(), s.Database, wholeCheck)
	if err != nil || !strings.Contains(why, "column colour has to be filled in") {
		t.Errorf("a column that must have a value: %q %v", why, err)
	}
}

// A newer release is on trial, writes, gives the table another form, and fails:
// the one before goes on with what it had.
func TestWhatTheReleaseBeforeCannotRead(t *testing.T) {
	s := newStore(t)
	s.write(10, false)
	s.Version, s.Former = "v1.37.2", "1.36"
	s.ensure()
	former := filepath.Join(s.Snapshots, "before-upgrade-from-1.36.db")
	if !names.Has(former) {
		t.Fatal("nothing was kept")
	}
	s.write(5, false)
	s.now = s.now.Add(1)
	s.ensure() // the second try of the same trial
	s.take()   // whatever becomes of the others, it stays
	s.change("ALTER TABLE kine DROP COLUMN old_value")
	s.take0("of the new form")

	s.Version, s.Former = "v1.36.3", ""
	s.ensure()
	if rows := s.rows(); rows != 15 {
		t.Errorf("the last snapshot of a form that it knows has 15 rows, not %d", rows)
	}
	_, what := s.aside1()
	if !strings.Contains(what.Why, "another version of kine") || what.What != fromSnapshot {
		t.Errorf("%+v", what)
	}
	if !names.Has(former) {
		t.Error("it is gone")
	}
}

// take0 copies the database to where snapshots are, unchecked.
func (s *store) take0(version string) {
	s.t.Helper()
	name := "r99-20990101T000000Z-" + safeVersion(version) + ".db"
	s.must(nil, s.copyTo(s.t.Context(), filepath.Join(s.Snapshots, name)))
}

func TestOneCopyOfWhatWasBefore(t *testing.T) {
	s := newStore(t)
	s.write(3, false)
	s.Version, s.Former = "v1.37.2", "1.36"
	s.ensure()
	s.Version, s.Former = "v1.38.0", "1.37"
	s.ensure()
	found, err := filepath.Glob(filepath.Join(s.Snapshots, formerPrefix+"*"))
	s.must(nil, err)
	if len(found) != 1 || filepath.Base(found[0]) != "before-upgrade-from-1.37.db" {
		t.Errorf("%q", found)
	}
	// It is what is left when all else cannot be read.
	s.change("ALTER TABLE kine DROP COLUMN value")
	snapshots, err := list(s.Snapshots)
	s.must(nil, err)
	for _, snapshot := range snapshots {
		s.must(nil, names.Remove(snapshot.path))
	}
	s.Version, s.Former = "v1.37.3", ""
	s.ensure()
	if rows := s.rows(); rows != 3 {
		t.Errorf("%d rows", rows)
	}
}
