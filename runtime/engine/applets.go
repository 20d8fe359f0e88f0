package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones of CronJobs

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubectl's ways to log in
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"          // JSON log format
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // version metric
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"holdfast.dev/engine/internal/component"
	"holdfast.dev/engine/internal/dispatch"
	"holdfast.dev/engine/internal/flannel"
	"holdfast.dev/engine/internal/kine"
	"holdfast.dev/engine/internal/mend"
)

// applets are the programs in this binary. Each does what upstream's main does.
var applets = []dispatch.Applet{
	{"run", "Kubernetes components in one process: run --plan FILE [--only NAME,...]", runPlan},
	{"version", "versions of what is in this binary", printVersions},
	{"flags", "flags of the components, and feature gates, that this engine knows", printFlags},
	{"kubectl", "Kubernetes command line", runKubectl},
	{"kube-apiserver", "Kubernetes API server", command(apiserver.NewAPIServerCommand)},
	{"kube-controller-manager", "Kubernetes controllers", command(controllers.NewControllerManagerCommand)},
	{"kube-scheduler", "Kubernetes scheduler", command(func() *cobra.Command { return scheduler.NewSchedulerCommand() })},
	{"kubelet", "Kubernetes node agent", command(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) })},
	{"kube-proxy", "Kubernetes service network", command(proxy.NewProxyCommand)},
	{"kine", "datastore on SQLite", untilSignal("kine", kine.Run)},
	{"datastore-copy", "copy of kine's database, which may be in use: datastore-copy FROM TO", untilSignal("datastore-copy", mend.CopyCommand)},
	{"etcd", "datastore of several servers", runEtcd},
	{"flanneld", "pod network", untilSignal("flanneld", flannel.Run)},
	{"containerd", "container runtime; the program containerd", dispatch.Beside("containerd", "containerd")},
	{"ctr", "containerd command line; the program containerd", dispatch.Beside("containerd", "ctr")},
	{"coredns", "cluster DNS; the program system", dispatch.Beside("system", "coredns")},
	{"metrics-server", "resource metrics; the program system", dispatch.Beside("system", "metrics-server")},
}

// command runs one of Kubernetes' own commands, which find their arguments in
// os.Args.
func command(build func() *cobra.Command) func([]string) int {
	return func([]string) int { return cli.Run(build()) }
}

// untilSignal runs a component by itself until SIGTERM or SIGINT.
func untilSignal(name string, run func(context.Context, []string) error) func([]string) int {
	return func(args []string) int {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		return dispatch.Report(name, run(ctx, args))
	}
}

func printFlags([]string) int {
	return dispatch.Report("engine", component.WriteFlags(os.Stdout))
}

func runKubectl([]string) int {
	// Upstream's main sets the verbosity before the command is built, too.
	_, _ = logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
	return 0
}

func runEtcd([]string) int {
	etcdmain.Main(os.Args)
	return 0
}
