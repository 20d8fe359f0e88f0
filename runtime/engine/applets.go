package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones of CronJobs

	"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/manager"
	_ "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/task/plugin" // the shim's task service
	_ "github.com/containerd/containerd/v2/cmd/containerd/builtins"                 // containerd's plugins
	containerd "github.com/containerd/containerd/v2/cmd/containerd/command"
	ctr "github.com/containerd/containerd/v2/cmd/ctr/app"
	"github.com/containerd/containerd/v2/pkg/shim"
	"github.com/coredns/coredns/coremain"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	genericapiserver "k8s.io/apiserver/pkg/server"
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
	metricsserver "sigs.k8s.io/metrics-server/cmd/metrics-server/app"

	"holdfast.dev/engine/internal/dispatch"
	"holdfast.dev/engine/internal/flannel"
	"holdfast.dev/engine/internal/kine"
)

// applets are the programs in this binary. Each does what upstream's main does.
var applets = []dispatch.Applet{
	{"run", "Kubernetes components in one process: run --plan FILE [--only NAME,...]", runPlan},
	{"version", "versions of what is in this binary", printVersions},
	{"kubectl", "Kubernetes command line", runKubectl},
	{"ctr", "containerd command line", runCtr},
	{"containerd", "container runtime", runContainerd},
	{"containerd-shim-runc-v2", "container runtime, one for each pod", runShim},
	{"kube-apiserver", "Kubernetes API server", command(apiserver.NewAPIServerCommand)},
	{"kube-controller-manager", "Kubernetes controllers", command(controllers.NewControllerManagerCommand)},
	{"kube-scheduler", "Kubernetes scheduler", command(func() *cobra.Command { return scheduler.NewSchedulerCommand() })},
	{"kubelet", "Kubernetes node agent", command(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) })},
	{"kube-proxy", "Kubernetes service network", command(proxy.NewProxyCommand)},
	{"kine", "datastore on SQLite", untilSignal("kine", kine.Run)},
	{"etcd", "datastore of several servers", runEtcd},
	{"flanneld", "pod network", untilSignal("flanneld", flannel.Run)},
	{"coredns", "cluster DNS", runCoreDNS},
	{"metrics-server", "resource metrics", runMetricsServer},
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
		return report(name, run(ctx, args))
	}
}

func report(name string, err error) int {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

func runKubectl([]string) int {
	// Upstream's main sets the verbosity before the command is built, too.
	_, _ = logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
	return 0
}

func runContainerd([]string) int { return report("containerd", containerd.App().Run(os.Args)) }

func runCtr([]string) int { return report("ctr", ctr.New().Run(os.Args)) }

func runShim([]string) int {
	shim.RunShim(context.Background(), manager.NewShimManager("io.containerd.runc.v2"))
	return 0
}

func runEtcd([]string) int {
	etcdmain.Main(os.Args)
	return 0
}

func runCoreDNS([]string) int {
	coremain.Run()
	return 0
}

func runMetricsServer([]string) int {
	logs.InitLogs()
	defer logs.FlushLogs()
	return report("metrics-server", metricsserver.NewMetricsServerCommand(genericapiserver.SetupSignalHandler()).Execute())
}
