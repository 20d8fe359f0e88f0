// Package component has the components that can share one process, each as a
// function that runs upstream's code until its context ends.
package component

import (
	"fmt"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
	logsapi "k8s.io/component-base/logs/api/v1"

	"holdfast.dev/engine/internal/flannel"
	"holdfast.dev/engine/internal/kine"
	"holdfast.dev/engine/internal/supervise"
)

// All components that a plan may list.
var All = map[string]supervise.Component{
	"kine":                    {Run: kine.Run},
	"kube-apiserver":          {Run: apiServer},
	"kube-controller-manager": {Run: controllerManager},
	"kube-scheduler":          {Run: scheduler},
	"kubelet":                 {Run: kubelet},
	// Its Run waits for its health server's end only.
	"kube-proxy": {Run: proxy, Lingers: true},
	"flanneld":   {Run: flannel.Run},
}

// Known says whether a plan may list the component.
func Known(name string) bool {
	_, found := All[name]
	return found
}

// ShareLogging lets each component apply its logging flags in one process.
// The settings are the process's: all components must agree on them.
func ShareLogging() {
	logsapi.ReapplyHandling = logsapi.ReapplyHandlingIgnoreUnchanged
}

// parse reads a component's flags as upstream's command would.
func parse(name string, sets cliflag.NamedFlagSets, args []string) error {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	flags.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	for _, set := range sets.FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	return noArguments(flags)
}

func noArguments(flags *pflag.FlagSet) error {
	if flags.NArg() > 0 {
		return fmt.Errorf("takes flags only, got %q", flags.Args())
	}
	return nil
}
