// Command system is the cluster's own workloads, upstream's code unchanged, as
// one program: CoreDNS and metrics-server. It is apart
// from the engine for memory: each of them runs in a process of its own and
// would keep what the start of all of Kubernetes' packages allocates.
package main

import (
	"fmt"
	"os"

	"github.com/coredns/coredns/coremain"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/logs"
	metricsserver "sigs.k8s.io/metrics-server/cmd/metrics-server/app"

	"holdfast.dev/engine/internal/dispatch"
)

var applets = []dispatch.Applet{
	{Name: "coredns", What: "cluster DNS", Run: runCoreDNS},
	{Name: "metrics-server", What: "resource metrics", Run: runMetricsServer},
}

func main() {
	chosen, argv, err := dispatch.Choose(applets, os.Args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "system:", err)
		os.Exit(2)
	}
	os.Args = argv
	os.Exit(chosen.Run(argv[1:]))
}

func runCoreDNS([]string) int {
	coremain.Run()
	return 0
}

func runMetricsServer([]string) int {
	logs.InitLogs()
	defer logs.FlushLogs()
	command := metricsserver.NewMetricsServerCommand(genericapiserver.SetupSignalHandler())
	return dispatch.Report("metrics-server", command.Execute())
}
