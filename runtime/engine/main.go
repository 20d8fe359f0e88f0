// Command engine is Kubernetes and what it runs on, upstream's code unchanged,
// as one program. The name it is started by, or else its first argument, says
// which one it is this time. It decides nothing: flags and files come from the
// caller.
package main

import (
	"fmt"
	"os"

	"holdfast.dev/engine/internal/dispatch"
)

func main() {
	chosen, argv, err := dispatch.Choose(applets, os.Args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		os.Exit(2)
	}
	os.Args = argv
	os.Exit(chosen.Run(argv[1:]))
}
