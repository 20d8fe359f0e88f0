package main

import (
	_ "embed"
	"fmt"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"

	"holdfast.dev/engine/internal/dispatch"
)

// modules is the list that all programs of this folder are linked from.
//
//go:embed go.mod
var modules string

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

// printVersions tells the versions of the engine and the programs beside it.
func printVersions([]string) int {
	required := map[string]string{}
	for line := range strings.Lines(modules) {
		if fields := strings.Fields(line); len(fields) >= 2 && strings.HasPrefix(fields[1], "v") {
			required[fields[0]] = fields[1]
		}
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, c := range components {
		fmt.Fprintf(table, "%s\t%s\n", c.name, required[c.module])
	}
	fmt.Fprintf(table, "go\t%s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return dispatch.Report("engine", table.Flush())
}
