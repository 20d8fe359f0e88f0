// Package supervise runs the components of a plan in this process: it starts
// each when its conditions hold, ends everything when one ends, and stops all
// of them in reverse order when asked to.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"holdfast.dev/engine/internal/await"
	"holdfast.dev/engine/internal/plan"
)

// Component runs one component until ctx ends; it returns before that only to
// report a failure.
type Component struct {
	// Run takes upstream's flags, without the program's name.
	Run func(ctx context.Context, args []string) error
	// Lingers is set for a component that does not return when its context
	// ends; a stop does not wait for it.
	Lingers bool
}

// ExitedError says that a component ended though nobody asked it to.
type ExitedError struct {
	// Name of the component.
	Name string
	// Err is what the component returned; nil if it returned no error.
	Err error
}

func (e *ExitedError) Error() string {
	if e.Err == nil {
		return e.Name + " ended by itself, without an error"
	}
	return fmt.Sprintf("%s failed: %v", e.Name, e.Err)
}

func (e *ExitedError) Unwrap() error { return e.Err }

// Log is told each event; it adds the time.
type Log func(format string, args ...any)

// task is a component of the plan on its way.
type task struct {
	spec      plan.Component
	component Component
	cancel    context.CancelFunc
	ended     chan struct{}
}

// Run runs those components of the plan that are in the map, until ctx ends,
// which is an orderly stop and no error, or until a component ends, which is
// an [ExitedError].
func Run(ctx context.Context, p *plan.Plan, components map[string]Component, log Log) error {
	exits := make(chan *ExitedError, len(p.Components))
	gates := newGates(p, components)
	var tasks []*task
	for _, spec := range p.Components {
		component, wanted := components[spec.Name]
		if !wanted {
			continue
		}
		// Not a child of ctx: each is stopped in its turn.
		own, cancel := context.WithCancel(context.Background())
		t := &task{spec: spec, component: component, cancel: cancel, ended: make(chan struct{})}
		tasks = append(tasks, t)
		go t.live(own, gates, log, exits)
	}
	var failure error
	select {
	case <-ctx.Done():
		log("stopping")
	case exit := <-exits:
		failure = exit
		log("%v; stopping the others", exit)
	}
	return errors.Join(failure, stop(tasks, p.StopTimeout(), log))
}

// live waits for the component's conditions, runs it, and reports its end.
func (t *task) live(ctx context.Context, gates map[string]*gate, log Log, exits chan<- *ExitedError) {
	defer close(t.ended)
	name := t.spec.Name
	if err := t.wait(ctx, gates, log); err != nil {
		return
	}
	log("%s started", name)
	gates[name].watch(ctx, log)
	err := guard(func() error { return t.component.Run(ctx, t.spec.Args) })
	if ctx.Err() == nil {
		exits <- &ExitedError{Name: name, Err: err}
		return
	}
	log("%s stopped", name)
}

// wait returns when all conditions of the component's start have held.
func (t *task) wait(ctx context.Context, gates map[string]*gate, log Log) error {
	waiting := func(c plan.Condition, err error) { log("%s waits for %v: %v", t.spec.Name, c, err) }
	for _, c := range t.spec.After {
		var err error
		if c.Component == "" {
			err = await.All(ctx, []plan.Condition{c}, waiting)
		} else {
			err = gates[c.Component].wait(ctx, log)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// guard turns a panic of the component's own goroutine into an error, so that
// the log names the component.
func guard(run func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return run()
}

// stop ends the components one after the other, the last started first.
func stop(tasks []*task, timeout time.Duration, log Log) error {
	deadline := time.After(timeout)
	for _, t := range slices.Backward(tasks) {
		t.cancel()
		if t.component.Lingers {
			continue
		}
		select {
		case <-t.ended:
		case <-deadline:
			for _, t := range tasks {
				t.cancel()
			}
			log("%s did not stop within %v, leaving it", t.spec.Name, timeout)
			return fmt.Errorf("%s did not stop within %v", t.spec.Name, timeout)
		}
	}
	return nil
}
