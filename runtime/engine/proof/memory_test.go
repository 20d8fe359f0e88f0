package proof

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// settle is how long a control plane idles before it is measured.
const settle = 60 * time.Second

// BenchmarkMemory compares a control plane in one process with one process for
// each component, both idle: RssAnon is what only that process can use, RssFile
// is shared. Run it with -benchtime 1x.
func BenchmarkMemory(b *testing.B) {
	separate := [][]string{{"kine"}, {"kube-apiserver"}, {"kube-controller-manager"}, {"kube-scheduler"}}
	together := [][]string{{"kine", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}}
	percents := []int{100, 50, 30}
	for _, c := range []struct {
		name      string
		processes [][]string
	}{{"separate", separate}, {"together", together}} {
		for _, percent := range percents {
			b.Run(fmt.Sprintf("%s/gc%d", c.name, percent), func(b *testing.B) {
				for b.Loop() {
					measure(b, c.processes, percent)
				}
			})
		}
	}
}

func measure(b *testing.B, groups [][]string, percent int) {
	c := newControlPlane(b)
	c.plan.GC.Percent = &percent
	var running []*process
	for _, names := range groups {
		p := c.start(b, "--only", strings.Join(names, ","))
		for _, name := range names {
			p.waitFor(b, "engine: "+name+" started ")
		}
		running = append(running, p)
	}
	time.Sleep(settle)
	anon, file := 0, 0
	for _, p := range running {
		anon += status(b, p, "RssAnon:")
		file = max(file, status(b, p, "RssFile:"))
	}
	b.ReportMetric(float64(anon)/1024, "anon-MiB")
	b.ReportMetric(float64(file)/1024, "largest-file-MiB")
	for _, p := range running {
		check(b, p.command.Process.Kill())
		p.end(b, stopWithin)
	}
}

// status reads a line of /proc/PID/status, in KiB.
func status(b *testing.B, p *process, key string) int {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	check(b, err)
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if rest, found := strings.CutPrefix(lines.Text(), key); found {
			var kib int
			_, err := fmt.Sscan(rest, &kib)
			check(b, err)
			return kib
		}
	}
	b.Fatalf("no %s", key)
	return 0
}
