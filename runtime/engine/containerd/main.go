// Command containerd is upstream's containerd and, by that name, ctr; both
// unchanged. It is a program of its own for memory: as an applet of the engine
// it would keep what the start of Kubernetes' packages allocates.
//
// Before containerd itself starts, its store is looked at if the environment
// names it: package imagestore.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	_ "github.com/containerd/containerd/v2/cmd/containerd/builtins" // its plugins
	"github.com/containerd/containerd/v2/cmd/containerd/command"
	"github.com/containerd/containerd/v2/cmd/ctr/app"

	"holdfast.dev/engine/internal/dispatch"
	"holdfast.dev/engine/internal/imagestore"
)

var applets = []dispatch.Applet{
	{Name: "ctr", What: "containerd command line", Run: func([]string) int {
		return dispatch.Report("ctr", app.New().Run(context.Background(), os.Args))
	}},
	{Name: "containerd", What: "container runtime", Run: func([]string) int {
		mendStore()
		return dispatch.Report("containerd", command.App().Run(context.Background(), os.Args))
	}},
}

// mendStore throws a damaged store away. What goes wrong with that is for
// containerd to find: it may be able to start.
func mendStore() {
	root := os.Getenv("HOLDFAST_IMAGE_STORE")
	if root == "" {
		return
	}
	store := imagestore.Store{Root: root, Mark: "/run/containerd/holdfast-looks", Now: time.Now}
	why, err := store.Ensure()
	if why != "" {
		endLeftovers()
		fmt.Fprintf(os.Stderr, "containerd: the store in %s is damaged (%s): its images come again from archives and registries\n", root, why)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "containerd: the store in %s cannot be looked at: %v\n", root, err)
	}
	go func() {
		if err := store.RemoveDiscarded(); err != nil {
			fmt.Fprintf(os.Stderr, "containerd: what was thrown away stays: %v\n", err)
		}
	}()
}

func main() {
	chosen, argv, err := dispatch.Choose(applets, os.Args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "containerd:", err)
		os.Exit(2)
	}
	os.Args = argv
	os.Exit(chosen.Run(argv[1:]))
}
