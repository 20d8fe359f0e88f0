package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"k8s.io/component-base/logs"

	"holdfast.dev/engine/internal/component"
	"holdfast.dev/engine/internal/heap"
	"holdfast.dev/engine/internal/plan"
	"holdfast.dev/engine/internal/supervise"
)

// runPlan runs the components of a plan until SIGTERM or SIGINT, or until one
// of them ends.
func runPlan(args []string) int {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	path := flags.String("plan", "", "the plan `FILE`, JSON")
	only := flags.String("only", "", "run only these components of the plan, separated by commas")
	if flags.Parse(args) != nil {
		return 2
	}
	if *path == "" || flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "engine: usage: run --plan FILE [--only NAME,...]")
		return 2
	}
	p, err := plan.Load(*path, component.Known)
	if err == nil {
		err = prepare(p)
	}
	var run map[string]supervise.Component
	if err == nil {
		run, err = selected(p, *only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	defer logs.FlushLogs()
	if p.GC.GiveBackSeconds > 0 {
		go heap.GiveBack(ctx, time.Duration(p.GC.GiveBackSeconds)*time.Second, p.GC.SettledPercent)
	}
	if err := supervise.Run(ctx, p, run, logger(time.Now())); err != nil {
		return 1
	}
	return 0
}

// prepare applies what a plan says about the process.
func prepare(p *plan.Plan) error {
	for name, value := range p.Env {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("env: %s: %w", name, err)
		}
	}
	if p.GC.Percent != nil {
		debug.SetGCPercent(*p.GC.Percent)
	}
	if p.GC.MemoryLimitMiB != nil {
		debug.SetMemoryLimit(min(*p.GC.MemoryLimitMiB, math.MaxInt64>>20) << 20)
	}
	logs.InitLogs()
	component.ShareLogging()
	return nil
}

// selected gives the components to run in this process; the plan keeps the
// others, for conditions may name them.
func selected(p *plan.Plan, only string) (map[string]supervise.Component, error) {
	if only == "" {
		return component.All, nil
	}
	names := strings.Split(only, ",")
	run := map[string]supervise.Component{}
	for _, name := range names {
		if p.Find(name) == nil {
			return nil, fmt.Errorf("only: the plan has no component %q", name)
		}
		run[name] = component.All[name]
	}
	return run, nil
}

// logger writes one line an event, with the seconds since start.
func logger(start time.Time) supervise.Log {
	return func(format string, args ...any) {
		line := fmt.Sprintf(format, args...)
		fmt.Fprintf(os.Stderr, "engine: %s %.2fs\n", line, time.Since(start).Seconds())
	}
}
