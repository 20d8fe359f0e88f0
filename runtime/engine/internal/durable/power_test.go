package durable

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	logHeader   = 32
	frameHeader = 24
	sector      = 512
)

// power knows what of a database would be left after a power cut: its file,
// and of the log what was flushed; each sector that was written since is lost
// or kept as chance has it.
//
// Two flushes are SQLite's own and are not seen here, but can be read from its
// files: the log's header when the log begins anew, and the frames that a
// checkpoint is about to copy.
type power struct {
	path    string
	mutex   sync.Mutex
	flushed []byte
	count   int
}

// flush stands for fdatasync: what is in the log as it begins is kept.
func (p *power) flush(log *logFile) error {
	content, err := os.ReadFile(log.path)
	if err != nil {
		return err
	}
	time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond) // a disk takes time
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.flushed = content
	p.count++
	return nil
}

func (p *power) flushes() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.count
}

// cut makes the files that a cut would leave now, in a folder of its own.
func (p *power) cut(t *testing.T, chance *rand.Rand) string {
	t.Helper()
	for {
		p.mutex.Lock()
		kept := p.flushed
		p.mutex.Unlock()
		before := read(t, p.path+"-wal")
		database := read(t, p.path)
		index := read(t, p.path+"-shm")
		after := read(t, p.path+"-wal")
		if len(before) < logHeader || generation(before) != generation(after) {
			continue // the log began anew meanwhile, so these do not belong together
		}
		path := filepath.Join(t.TempDir(), "state.db")
		keep(t, path, database)
		keep(t, path+"-wal", left(kept, after, ownFlush(after, index), chance))
		return path
	}
}

// ownFlush is the length of the log that SQLite has flushed itself.
func ownFlush(log, index []byte) int {
	pages := int(binary.BigEndian.Uint32(log[8:]))
	attempted := int(binary.LittleEndian.Uint32(index[128:]))
	return min(logHeader+attempted*(frameHeader+pages), len(log))
}

// left is what a cut leaves of the log.
func left(kept, written []byte, own int, chance *rand.Rand) []byte {
	result := make([]byte, len(written))
	copy(result, kept)
	copy(result, written[:own])
	for at := 0; at < len(written); at += sector {
		end := min(at+sector, len(written))
		if end > own && chance.IntN(2) == 0 {
			copy(result[at:end], written[at:end])
		}
	}
	copy(result, written[:own])
	return result
}

// generation changes whenever the log begins anew.
func generation(log []byte) uint64 { return binary.BigEndian.Uint64(log[16:]) }

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func keep(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
