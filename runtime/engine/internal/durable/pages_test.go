package durable

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkPages counts what SQLite writes for a renewal of a lease and for an
// event, checkpoints included, with pages of several sizes.
func BenchmarkPages(b *testing.B) {
	for _, size := range []int{512, 1024, 2048, 4096} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "state.db")
			if err := create(b.Context(), path, size); err != nil {
				b.Fatal(err)
			}
			backend, _ := start(b, guarded(path, (*logFile).sync))
			key := leases + "kube-node-lease/edge"
			revision, err := backend.Create(b.Context(), key, lease(b, "edge", 0), 0)
			if err != nil {
				b.Fatal(err)
			}
			for i := range 3000 {
				if _, err := backend.Create(b.Context(), fmt.Sprintf("/registry/pods/default/%d", i), []byte(strings.Repeat("x", 4000)), 0); err != nil {
					b.Fatal(err)
				}
			}
			before := written(b)
			count := 0
			for b.Loop() {
				if revision, _, _, err = backend.Update(context.Background(), key, lease(b, "edge", count), revision, 0); err != nil {
					b.Fatal(err)
				}
				count++
			}
			b.ReportMetric(float64(written(b)-before)/float64(count), "B-written/op")
		})
	}
}

// written is how many bytes this process has handed to the kernel.
func written(t testing.TB) int64 {
	file, err := os.Open("/proc/self/io")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if rest, found := strings.CutPrefix(lines.Text(), "wchar: "); found {
			var bytes int64
			if _, err := fmt.Sscan(rest, &bytes); err != nil {
				t.Fatal(err)
			}
			return bytes
		}
	}
	t.Fatal("no wchar")
	return 0
}
