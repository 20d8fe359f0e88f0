// Command containerd-shim-runc-v2 is upstream's shim, unchanged, as a program
// of its own: containerd starts one for each pod, and as an applet of the
// engine each would pay for the start of all other components' packages.
package main

import (
	"context"

	"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/manager"
	_ "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/task/plugin" // the task service
	"github.com/containerd/containerd/v2/pkg/shim"
)

func main() {
	shim.RunShim(context.Background(), manager.NewShimManager("io.containerd.runc.v2"))
}
