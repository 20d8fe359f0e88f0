package imagestore

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"holdfast.dev/engine/internal/names"
)

type fixture struct {
	Store
	t *testing.T
}

// newFixture is a store as containerd leaves it.
func newFixture(t *testing.T) fixture {
	root := t.TempDir()
	f := fixture{Store{
		Root: filepath.Join(root, "lib"), Mark: filepath.Join(root, "run", "looking"),
		Now: func() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) },
	}, t}
	f.fill()
	return f
}

func (f fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f fixture) fill() {
	f.must(os.MkdirAll(f.at(unpacked+"/1/fs/bin"), 0o700))
	f.must(os.WriteFile(f.at(unpacked+"/1/fs/bin/sh"), []byte("x"), 0o700))
	f.must(os.WriteFile(f.at("holdfast-images.json"), []byte("{}"), 0o600))
	for _, name := range []string{images, layers} {
		f.must(os.MkdirAll(filepath.Dir(f.at(name)), 0o700))
		db, err := bolt.Open(f.at(name), 0o600, nil)
		f.must(err)
		f.must(db.Update(func(tx *bolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("v1"))
			f.must(err)
			inner, err := bucket.CreateBucketIfNotExists([]byte("k8s.io"))
			f.must(err)
			for i := range 2000 {
				f.must(inner.Put(fmt.Appendf(nil, "image-%d", i), bytes.Repeat([]byte("v"), 200)))
			}
			return nil
		}))
		f.must(db.Close())
	}
}

func (f fixture) overwrite(name string, offset int64, length int) {
	file, err := os.OpenFile(f.at(name), os.O_RDWR, 0)
	f.must(err)
	_, err = file.WriteAt(bytes.Repeat([]byte{0xa5}, length), offset)
	f.must(err)
	f.must(file.Close())
}

func (f fixture) mark(text string) {
	f.must(os.MkdirAll(filepath.Dir(f.Mark), 0o700))
	f.must(os.WriteFile(f.Mark, []byte(text), 0o600))
}

func TestADamagedStoreIsThrownAway(t *testing.T) {
	cases := []struct {
		name, want string
		damage     func(fixture)
	}{
		{"empty", "it is empty", func(f fixture) { f.must(os.Truncate(f.at(images), 0)) }},
		{"gone", "it is gone", func(f fixture) { f.must(os.Remove(f.at(images))) }},
		{"truncated", images, func(f fixture) { f.must(os.Truncate(f.at(images), 40*1024)) }},
		{"pages overwritten", images, func(f fixture) { f.overwrite(images, 20*4096, 40*4096) }},
		{"pages zeroed", images, func(f fixture) {
			content, err := os.ReadFile(f.at(images))
			f.must(err)
			clear(content[30*4096 : 90*4096])
			f.must(os.WriteFile(f.at(images), content, 0o600))
		}},
		{"its beginning overwritten", images, func(f fixture) { f.overwrite(images, 0, 3*4096) }},
		{"layers' database empty", layers, func(f fixture) { f.must(os.Truncate(f.at(layers), 0)) }},
		{"layers' database overwritten", layers, func(f fixture) { f.overwrite(layers, 4*4096, 100*4096) }},
		{"the look itself ends the process", "ended 2 times while", func(f fixture) {
			f.mark("2\n")
		}},
		{"thrown away halfway", "it is gone", func(f fixture) {
			f.must(os.Mkdir(f.at(asidePrefix+"20261101T115900Z"), 0o700))
			f.must(os.Rename(f.at(images), f.at(asidePrefix+"20261101T115900Z/meta.db")))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			c.damage(f)
			why, err := f.Ensure()
			f.must(err)
			if !strings.Contains(why, c.want) {
				t.Errorf("said %q", why)
			}
			for _, name := range []string{images, layers, unpacked, "holdfast-images.json"} {
				if names.Has(f.at(name)) {
					t.Errorf("%s is still there", name)
				}
			}
			asides, err := f.listed(asidePrefix)
			f.must(err)
			if !names.Has(filepath.Join(asides[len(asides)-1], "what.json")) {
				t.Error("nobody can know why")
			}
			f.must(f.RemoveDiscarded())
			if left, _ := f.listed(discardPrefix); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
			again, err := f.Ensure()
			if again != "" || err != nil {
				t.Errorf("again: %q %v", again, err)
			}
		})
	}
}

func TestAStoreThatIsNewOrWholeStays(t *testing.T) {
	f := newFixture(t)
	f.Root += "-new"
	if why, err := f.Ensure(); why != "" || err != nil {
		t.Errorf("new: %q %v", why, err)
	}
	f = newFixture(t)
	f.must(os.Remove(f.at(layers)))
	f.must(os.RemoveAll(f.at(unpacked + "/1")))
	if why, err := f.Ensure(); why != "" || err != nil {
		t.Errorf("without layers yet: %q %v", why, err)
	}
	f = newFixture(t)
	if why, err := f.Ensure(); why != "" || err != nil || !names.Has(f.at(images)) || names.Has(f.Mark) {
		t.Errorf("whole: %q %v", why, err)
	}
}

// Whoever ends the process for another reason, in the middle of a look, says
// nothing of the databases.
func TestOneLookThatDidNotEndIsNoDamage(t *testing.T) {
	for _, text := range []string{"1\n", ""} {
		f := newFixture(t)
		f.mark(text)
		if why, err := f.Ensure(); why != "" || err != nil || !names.Has(f.at(images)) || names.Has(f.Mark) {
			t.Errorf("%q: %q %v", text, why, err)
		}
	}
}

func TestWhoeverIsToldToEndWhileItLooksLeavesNoMark(t *testing.T) {
	const inside = "HOLDFAST_TEST_MARK"
	if mark := os.Getenv(inside); mark != "" {
		defer Store{Mark: mark}.orTold()()
		os.Stdout.WriteString("looking\n")
		select {}
	}
	f := newFixture(t)
	f.mark("1\n")
	child := exec.Command(os.Args[0], "-test.run="+t.Name())
	child.Env = append(os.Environ(), inside+"="+f.Mark)
	out, err := child.StdoutPipe()
	f.must(err)
	f.must(child.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "looking\n" {
		t.Fatalf("%q %v", line, err)
	}
	f.must(child.Process.Signal(syscall.SIGTERM))
	if err := child.Wait(); err == nil || err.Error() != "signal: terminated" {
		t.Errorf("it ended with %v", err)
	}
	if names.Has(f.Mark) {
		t.Error("the mark is still there")
	}
}

func TestFewDamagedOnesAreKept(t *testing.T) {
	f := newFixture(t)
	for range keep + 2 {
		f.must(os.Truncate(f.at(images), 0))
		_, err := f.Ensure()
		f.must(err)
		f.fill()
	}
	if asides, _ := f.listed(asidePrefix); len(asides) != keep {
		t.Errorf("kept: %q", asides)
	}
}
