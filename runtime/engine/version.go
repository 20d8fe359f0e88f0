package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"text/tabwriter"
)

// components are the modules that `version` tells of, under upstream's names.
var components = []struct{ name, module string }{
	{"kubernetes", "k8s.io/kubernetes"},
	{"containerd", "github.com/containerd/containerd/v2"},
	{"kine", "github.com/k3s-io/kine"},
	{"etcd", "go.etcd.io/etcd/server/v3"},
	{"flannel", "github.com/flannel-io/flannel"},
	{"coredns", "github.com/coredns/coredns"},
	{"metrics-server", "sigs.k8s.io/metrics-server"},
}

// printVersions tells the versions that the linker recorded.
func printVersions([]string) int {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		fmt.Fprintln(os.Stderr, "engine: built without module information")
		return 1
	}
	versions := map[string]string{}
	for _, module := range info.Deps {
		versions[module.Path] = module.Version
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, c := range components {
		fmt.Fprintf(table, "%s\t%s\n", c.name, versions[c.module])
	}
	fmt.Fprintf(table, "go\t%s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return report("engine", table.Flush())
}
