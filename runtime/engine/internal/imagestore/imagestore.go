// Package imagestore looks at containerd's databases before it starts: one that
// is damaged lets it panic at every start, and one that is gone leaves files
// behind that it knows nothing of. Its whole store is thrown away then: images
// come again from the node's own archives and from registries.
//
// A store that is thrown away goes in this order: its databases are moved aside,
// the rest is moved away as it is, and removed while containerd runs. A cut in
// between leaves one database without the other, which is found again.
package imagestore

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"holdfast.dev/engine/internal/names"
)

const (
	// images has which images, contents and containers there are.
	images = "io.containerd.metadata.v1.bolt/meta.db"
	// snapshotter has what files of images and containers are unpacked.
	snapshotter = "io.containerd.snapshotter.v1.overlayfs"
	layers      = snapshotter + "/metadata.db"
	// unpacked has the files.
	unpacked = snapshotter + "/snapshots"

	asidePrefix   = "damaged-"
	discardPrefix = "discarded-"
	// keep is how many damaged ones are kept: small files, for whoever wants to
	// know why.
	keep = 3
	// most is how often the process may end while it looks: a damaged database can
	// take the process with it, but so can whoever ends it for another reason.
	most = 2
)

// Store is containerd's, in its folder.
type Store struct {
	// Root is containerd's folder.
	Root string
	// Mark is a file that is there while the databases are looked at, and says how
	// often that was begun and not ended; it does not outlive a boot.
	Mark string
	// Now is the clock.
	Now func() time.Time
}

// record is `what.json` beside what was set aside. The keeper reads it, too:
// runtime/src/keeper/images.rs.
type record struct {
	Found time.Time `json:"found"`
	Why   string    `json:"why"`
}

// Ensure throws the store away if a database of it is damaged, and says why.
// Nothing is done to one that is new or whole.
func (s Store) Ensure() (why string, err error) {
	why, err = s.damage()
	if err != nil || why == "" {
		return "", err
	}
	return why, s.throwAway(why)
}

// damage gives why the store cannot be used, or nothing.
func (s Store) damage() (string, error) {
	ends, err := s.ends()
	if err != nil {
		return "", err
	}
	if ends >= most {
		return fmt.Sprintf("the process ended %d times while it looked at them", ends), nil
	}
	looked, err := s.databases()
	if err != nil || len(looked) == 0 {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(s.Mark), 0o711); err != nil {
		return "", err
	}
	if err := os.WriteFile(s.Mark, fmt.Appendln(nil, ends+1), 0o600); err != nil {
		return "", err
	}
	defer s.orTold()()
	var why string
	for _, name := range looked {
		if why = check(s.at(name)); why != "" {
			why = name + ": " + why
			break
		}
	}
	return why, os.Remove(s.Mark)
}

// ends is how often the process ended in this boot while it looked.
func (s Store) ends() (int, error) {
	text, err := os.ReadFile(s.Mark)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	ends, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		// It was being written.
		return 1, nil
	}
	return ends, nil
}

// orTold takes the mark away when somebody ends the process: that says nothing
// of the databases. It lasts until what it gives is called.
func (s Store) orTold() (stop func()) {
	told := make(chan os.Signal, 1)
	over := make(chan struct{})
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		select {
		case by := <-told:
			_ = os.Remove(s.Mark)
			signal.Reset(by)
			_ = syscall.Kill(os.Getpid(), by.(syscall.Signal))
		case <-over:
		}
	}()
	return func() {
		signal.Stop(told)
		close(over)
	}
}

// databases are those that must be there: containerd makes that of the layers
// with the first of them.
func (s Store) databases() ([]string, error) {
	files, err := os.ReadDir(s.at(unpacked))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var all []string
	for _, name := range []string{images, layers} {
		if len(files) > 0 || names.Has(s.at(name)) {
			all = append(all, name)
		}
	}
	return all, nil
}

// throwAway moves everything of the store out of containerd's sight.
func (s Store) throwAway(why string) error {
	now := s.Now().UTC()
	stamp := now.Format("20060102T150405Z")
	aside, discarded := s.unused(asidePrefix+stamp), s.unused(discardPrefix+stamp)
	if err := errors.Join(os.Mkdir(aside, 0o700), os.Mkdir(discarded, 0o700)); err != nil {
		return err
	}
	text, err := json.MarshalIndent(record{now.Truncate(time.Second), why}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(aside, "what.json"), append(text, '\n'), 0o600); err != nil {
		return err
	}
	for _, name := range []string{images, layers} {
		if err := os.Rename(s.at(name), filepath.Join(aside, filepath.Base(name))); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	entries, err := os.ReadDir(s.Root)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if isOurs(entry.Name()) {
			continue
		}
		if err := os.Rename(s.at(entry.Name()), filepath.Join(discarded, entry.Name())); err != nil {
			return err
		}
	}
	return errors.Join(names.Remove(s.Mark), names.Sync(aside), names.Sync(s.Root), s.prune())
}

// RemoveDiscarded removes what was thrown away, which may take long.
func (s Store) RemoveDiscarded() error {
	all, err := s.listed(discardPrefix)
	for _, folder := range all {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	return err
}

// prune keeps the newest of what was set aside.
func (s Store) prune() error {
	all, err := s.listed(asidePrefix)
	for _, old := range all[:max(len(all)-keep, 0)] {
		err = errors.Join(err, os.RemoveAll(old))
	}
	return err
}

// listed are the folders with a prefix, the oldest first.
func (s Store) listed(prefix string) ([]string, error) {
	entries, err := os.ReadDir(s.Root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var all []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) {
			all = append(all, s.at(entry.Name()))
		}
	}
	slices.Sort(all)
	return all, err
}

func (s Store) at(name string) string { return filepath.Join(s.Root, name) }

// unused is a path with this name that nothing has yet.
func (s Store) unused(name string) string {
	path := s.at(name)
	for n := 2; names.Has(path); n++ {
		path = s.at(fmt.Sprintf("%s-%d", name, n))
	}
	return path
}

func isOurs(name string) bool {
	return strings.HasPrefix(name, asidePrefix) || strings.HasPrefix(name, discardPrefix)
}
