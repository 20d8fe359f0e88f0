//go:build localpath

package main

// local-path-provisioner is a main package, which Go does not import. The
// script `build` makes it one that can be, from the module cache, and sets the
// tag; see there.
import (
	localpath "github.com/rancher/local-path-provisioner"

	"holdfast.dev/engine/internal/dispatch"
)

func init() {
	applets = append(applets, dispatch.Applet{
		Name: "local-path-provisioner", What: "volumes in folders of a node",
		Run: func([]string) int {
			localpath.Main()
			return 0
		},
	})
}
