package component

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/pflag"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/featuregate"
	apioptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	managerapp "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	manageroptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	proxyapp "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	kubeletoptions "k8s.io/kubernetes/cmd/kubelet/app/options"
)

// flagSets gives the flags of each component that a configuration can set.
var flagSets = []struct {
	component string
	flags     func() (*pflag.FlagSet, error)
}{
	{"kube-apiserver", func() (*pflag.FlagSet, error) { return merged(apioptions.NewServerRunOptions().Flags()), nil }},
	{"kube-controller-manager", managerFlags},
	{"kube-scheduler", func() (*pflag.FlagSet, error) { return merged(*scheduleroptions.NewOptions().Flags), nil }},
	{"kubelet", kubeletFlags},
	{"kube-proxy", func() (*pflag.FlagSet, error) {
		flags := pflag.NewFlagSet("kube-proxy", pflag.ContinueOnError)
		proxyapp.NewOptions().AddFlags(flags)
		return flags, nil
	}},
}

// WriteFlags writes what this engine's components can be told, a line each, in
// a fixed order: `flag COMPONENT NAME`, with `deprecated` behind it, and
// `gate NAME on|off free|locked STAGE`. Feature gates are the same for all.
func WriteFlags(out io.Writer) error {
	for _, set := range flagSets {
		flags, err := set.flags()
		if err != nil {
			return fmt.Errorf("%s: %w", set.component, err)
		}
		// In the order of their names.
		flags.VisitAll(func(flag *pflag.Flag) {
			note := ""
			if flag.Deprecated != "" {
				note = " deprecated"
			}
			_, writeErr := fmt.Fprintf(out, "flag %s %s%s\n", set.component, flag.Name, note)
			err = cmp.Or(err, writeErr)
		})
		if err != nil {
			return err
		}
	}
	return writeGates(out, utilfeature.DefaultMutableFeatureGate.GetAll())
}

func writeGates(out io.Writer, gates map[featuregate.Feature]featuregate.FeatureSpec) error {
	for _, name := range slices.Sorted(maps.Keys(gates)) {
		gate := gates[name]
		state, change := "off", "free"
		if gate.Default {
			state = "on"
		}
		if gate.LockToDefault {
			change = "locked"
		}
		stage := cmp.Or(string(gate.PreRelease), "GA")
		if _, err := fmt.Fprintf(out, "gate %s %s %s %s\n", name, state, change, stage); err != nil {
			return err
		}
	}
	return nil
}

func merged(sets cliflag.NamedFlagSets) *pflag.FlagSet {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		all.AddFlagSet(set)
	}
	return all
}

func managerFlags() (*pflag.FlagSet, error) {
	options, err := manageroptions.NewKubeControllerManagerOptions()
	if err != nil {
		return nil, err
	}
	return merged(options.Flags(managerapp.KnownControllers(), managerapp.ControllersDisabledByDefault(), managerapp.ControllerAliases())), nil
}

func kubeletFlags() (*pflag.FlagSet, error) {
	config, err := kubeletoptions.NewKubeletConfiguration()
	if err != nil {
		return nil, err
	}
	flags := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	kubeletoptions.NewKubeletFlags().AddFlags(flags)
	kubeletoptions.AddKubeletConfigFlags(flags, config)
	kubeletoptions.AddGlobalFlags(flags)
	return flags, nil
}
