package component

import (
	"context"

	"github.com/spf13/pflag"
	genericapiserver "k8s.io/apiserver/pkg/server"
	cliflag "k8s.io/component-base/cli/flag"
	proxyapp "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubeletapp "k8s.io/kubernetes/cmd/kubelet/app"
)

// kubelet runs upstream's command, because the rules by which flags override
// its config file are private to it. The command takes the process's one
// signal handler, which is also the way to stop it.
func kubelet(ctx context.Context, args []string) error {
	defer context.AfterFunc(ctx, func() { genericapiserver.RequestShutdown() })()
	command := kubeletapp.NewKubeletCommand(ctx)
	command.SilenceErrors = true
	command.SetArgs(args)
	if err := command.ExecuteContext(ctx); err != nil {
		return err
	}
	// It ends without an error on the process's own signal only, which may
	// reach it before its turn.
	<-ctx.Done()
	return nil
}

func proxy(ctx context.Context, args []string) error {
	options := proxyapp.NewOptions()
	flags := pflag.NewFlagSet("kube-proxy", pflag.ContinueOnError)
	flags.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	options.AddFlags(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := noArguments(flags); err != nil {
		return err
	}
	if err := options.Complete(flags); err != nil {
		return err
	}
	if err := options.Validate(); err != nil {
		return err
	}
	return options.Run(ctx)
}
