package supervise

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast.dev/engine/internal/plan"
)

// journal collects the events in their order.
type journal struct {
	mutex sync.Mutex
	lines []string
	seen  chan string
}

func newJournal() *journal { return &journal{seen: make(chan string, 100)} }

func (j *journal) log(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	j.mutex.Lock()
	j.lines = append(j.lines, line)
	j.mutex.Unlock()
	j.seen <- line
}

// waitFor waits until each of the lines was written, in any order.
func (j *journal) waitFor(t *testing.T, lines ...string) {
	t.Helper()
	for len(lines) > 0 {
		select {
		case seen := <-j.seen:
			lines = slices.DeleteFunc(lines, func(line string) bool { return line == seen })
		case <-t.Context().Done():
			t.Fatalf("no events %q", lines)
		}
	}
}

func (j *journal) all() []string {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return slices.Clone(j.lines)
}

// obedient runs until it is told to stop.
func obedient(ctx context.Context, _ []string) error {
	<-ctx.Done()
	return nil
}

func planOf(names ...string) *plan.Plan {
	p := &plan.Plan{StopTimeoutSeconds: 1}
	for _, name := range names {
		p.Components = append(p.Components, plan.Component{Name: name})
	}
	return p
}

func TestStopIsInReverseOrder(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	j := newJournal()
	done := make(chan error, 1)
	all := map[string]Component{"a": {Run: obedient}, "b": {Run: obedient}, "c": {Run: obedient}}
	go func() { done <- Run(ctx, planOf("a", "b", "c"), all, j.log) }()
	for range all {
		if line := <-j.seen; !strings.HasSuffix(line, " started") {
			t.Fatalf("unexpected %q", line)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if want := []string{"stopping", "c stopped", "b stopped", "a stopped"}; !slices.Equal(j.all()[3:], want) {
		t.Fatalf("stopped as %q, want %q", j.all()[3:], want)
	}
}

func TestOneThatEndsEndsAll(t *testing.T) {
	cause := errors.New("no disk")
	cases := []struct {
		name string
		run  func(context.Context, []string) error
		want string
	}{
		{"error", func(context.Context, []string) error { return cause }, "bad failed: no disk"},
		{"no error", func(context.Context, []string) error { return nil }, "bad ended by itself, without an error"},
		{"panic", func(context.Context, []string) error { panic("oh") }, "bad failed: panic: oh\ngoroutine"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := Run(t.Context(), planOf("good", "bad"), map[string]Component{"good": {Run: obedient}, "bad": {Run: c.run}}, newJournal().log)
			var exited *ExitedError
			if !errors.As(err, &exited) || exited.Name != "bad" || !strings.HasPrefix(err.Error(), c.want) {
				t.Fatalf("returned %v, want %q", err, c.want)
			}
		})
	}
}

func TestStartWaitsForTheConditions(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	j := newJournal()
	p := planOf("first", "second")
	p.Components[0].Ready = []plan.Condition{{File: filepath.Join(t.TempDir(), "never")}}
	p.Components[1].After = []plan.Condition{{Component: "first"}}
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, p, map[string]Component{"first": {Run: obedient}, "second": {Run: obedient}}, j.log)
	}()
	j.waitFor(t, "first started")
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if slices.Contains(j.all(), "second started") || slices.Contains(j.all(), "first ready") {
		t.Fatalf("started without its condition: %q", j.all())
	}
}

func TestReadyIsTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	j := newJournal()
	p := planOf("first", "second")
	p.Components[0].Ready = []plan.Condition{{File: t.TempDir()}}
	p.Components[1].After = []plan.Condition{{Component: "first"}}
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, p, map[string]Component{"first": {Run: obedient}, "second": {Run: obedient}}, j.log)
	}()
	j.waitFor(t, "first started", "first ready", "second started")
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestOnlyTheGivenComponentsRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	j := newJournal()
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, planOf("here", "elsewhere"), map[string]Component{"here": {Run: obedient}}, j.log)
	}()
	j.waitFor(t, "here started")
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if want := []string{"here started", "stopping", "here stopped"}; !slices.Equal(j.all(), want) {
		t.Fatalf("events are %q, want %q", j.all(), want)
	}
}

func TestTheStopIsBounded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	deaf := func(context.Context, []string) error { <-release; return nil }
	for name, lingers := range map[string]bool{"is left after the bound": false, "is not waited for": true} {
		t.Run(name, func(t *testing.T) {
			j := newJournal()
			done := make(chan error, 1)
			go func() {
				done <- Run(ctx, planOf("deaf"), map[string]Component{"deaf": {Run: deaf, Lingers: lingers}}, j.log)
			}()
			j.waitFor(t, "deaf started")
			cancel()
			err := <-done
			if lingers != (err == nil) {
				t.Fatalf("returned %v", err)
			}
			if err != nil && err.Error() != "deaf did not stop within 1s" {
				t.Fatalf("returned %v", err)
			}
		})
		ctx, cancel = context.WithCancel(t.Context())
	}
	cancel()
}
