// Command containerd is upstream's containerd and, by that name, ctr; both
// unchanged. It is a program of its own for memory: as an applet of the engine
// it would keep what the start of Kubernetes' packages allocates.
package main

import (
	"fmt"
	"os"

	_ "github.com/containerd/containerd/v2/cmd/containerd/builtins" // its plugins
	"github.com/containerd/containerd/v2/cmd/containerd/command"
	"github.com/containerd/containerd/v2/cmd/ctr/app"

	"holdfast.dev/engine/internal/dispatch"
)

var applets = []dispatch.Applet{
	{Name: "ctr", What: "containerd command line", Run: func([]string) int {
		return dispatch.Report("ctr", app.New().Run(os.Args))
	}},
	{Name: "containerd", What: "container runtime", Run: func([]string) int {
		return dispatch.Report("containerd", command.App().Run(os.Args))
	}},
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
