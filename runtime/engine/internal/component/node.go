package component

import (
	"context"
	"os"
	"os/signal"
	"syscall"

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
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	defer context.AfterFunc(ctx, func() { stopKubelet(signals) })()
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

// stopKubelet asks upstream's signal handler to end the kubelet, unless a
// signal has done so already: the handler takes a second one as the order to
// end the process at once, with exit code 1.
func stopKubelet(signals chan os.Signal) {
	// Once it returns, a signal of this process has reached both channels.
	signal.Stop(signals)
	if len(signals) == 0 {
		genericapiserver.RequestShutdown()
	}
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
