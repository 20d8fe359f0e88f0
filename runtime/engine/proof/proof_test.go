package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const stopWithin = 30 * time.Second

// TestControlPlane runs kine, API server, controller-manager and scheduler in
// one process, uses them, and stops them.
func TestControlPlane(t *testing.T) {
	c := newControlPlane(t)
	p := c.start(t)
	p.waitFor(t, "engine: kube-apiserver ready ", "engine: kube-controller-manager started ", "engine: kube-scheduler started ")

	out, err := c.kubectl(t, "get", "--raw", "/readyz")
	if err != nil || out != "ok" {
		t.Fatalf("readyz: %v: %s", err, out)
	}
	out, err = c.kubectl(t, "version")
	if err != nil || !strings.Contains(out, "Server Version: v1.") || strings.Contains(out, "v0.0.0") {
		t.Errorf("version: %v: %s", err, out)
	}
	// The controller-manager makes this one in each namespace.
	out, err = c.kubectl(t, "wait", "--for=create", "--timeout=60s", "serviceaccount/default")
	if err != nil {
		t.Errorf("controller-manager at work: %v: %s", err, out)
	}
	// The scheduler says that there is no node.
	out, err = c.kubectl(t, "run", "waits", "--image=none")
	if err != nil {
		t.Errorf("make a pod: %v: %s", err, out)
	}
	out, err = c.kubectl(t, "wait", "--for=condition=PodScheduled=false", "--timeout=60s", "pod/waits")
	if err != nil {
		t.Errorf("scheduler at work: %v: %s", err, out)
	}

	check(t, p.command.Process.Signal(syscall.SIGTERM))
	if code := p.end(t, stopWithin); code != 0 {
		t.Fatalf("exit code %d after SIGTERM", code)
	}
	log := p.text()
	last := 0
	for _, name := range []string{"kube-scheduler", "kube-controller-manager", "kube-apiserver", "kine"} {
		at := strings.Index(log, "engine: "+name+" stopped ")
		if at < last {
			t.Errorf("%s did not stop in its turn", name)
		}
		last = at
	}
}

// TestAContinueTokenExpires asks for what a list had left, until what the list
// saw is compacted, as upstream's conformance test does. kine by itself keeps
// the last 1000 revisions, however old they are.
func TestAContinueTokenExpires(t *testing.T) {
	c := newControlPlane(t)
	c.plan.Components[0].Args = append(c.plan.Components[0].Args, "--compact-min-retain=1")
	c.plan.Components[1].Args = append(c.plan.Components[1].Args, "--etcd-compaction-interval=2s")
	p := c.start(t, "--only", "kine,kube-apiserver")
	p.waitFor(t, "engine: kube-apiserver ready ")

	out, err := c.kubectl(t, "get", "--raw", "/api/v1/namespaces?limit=1")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var list struct{ Metadata struct{ Continue string } }
	check(t, json.Unmarshal([]byte(out), &list))
	if list.Metadata.Continue == "" {
		t.Fatalf("nothing is left of %s", out)
	}
	deadline := time.Now().Add(time.Minute)
	for i := 0; ; i++ {
		out, err = c.kubectl(t, "get", "--raw", "/api/v1/namespaces?limit=1&continue="+list.Metadata.Continue)
		if err != nil && strings.Contains(out, "continue parameter is too old") {
			return
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("still not expired: %v: %s", err, out)
		}
		if out, err = c.kubectl(t, "create", "configmap", fmt.Sprintf("time-passes-%d", i)); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// TestACrashEndsTheProcess gives the scheduler a kubeconfig that is not there.
func TestACrashEndsTheProcess(t *testing.T) {
	c := newControlPlane(t)
	c.plan.Components[3].Args = []string{"--kubeconfig=" + c.file("missing.conf"), "--leader-elect=false", "--secure-port=0"}
	c.plan.Components[3].After = nil
	p := c.start(t, "--only", "kine,kube-scheduler")
	p.waitFor(t, "engine: kube-scheduler failed: ", "missing.conf")
	if code := p.end(t, stopWithin); code != 1 {
		t.Fatalf("exit code %d", code)
	}
	if !strings.Contains(p.text(), "engine: kine stopped ") {
		t.Error("kine was not stopped in order")
	}
}

// TestAWrongPlanStartsNothing checks the message and the exit code.
func TestAWrongPlanStartsNothing(t *testing.T) {
	cases := []struct{ name, plan, only, want string }{
		{"unknown key", `{"version":1,"componets":[]}`, "", `unknown field "componets"`},
		{"not in one process", `{"version":1,"components":[{"name":"coredns","args":[]}]}`, "", `"coredns" is no component`},
		{"only", `{"version":1,"components":[{"name":"kine","args":[]}]}`, "kubelet", `the plan has no component "kubelet"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := t.TempDir() + "/plan.json"
			write(t, path, []byte(c.plan))
			command := exec.Command(engine(t), "run", "--plan", path, "--only", c.only)
			out, _ := command.CombinedOutput()
			if command.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), c.want) {
				t.Fatalf("exit code %d: %s", command.ProcessState.ExitCode(), out)
			}
		})
	}
}

// TestAppletsAnswer asks each program that the binary lists for its help.
func TestAppletsAnswer(t *testing.T) {
	list, _ := exec.Command(engine(t)).CombinedOutput()
	names := 0
	for line := range strings.Lines(string(list)) {
		fields := strings.Fields(line)
		if !strings.HasPrefix(line, "  ") || len(fields) == 0 {
			continue
		}
		names++
		command := exec.Command(engine(t), "--help")
		command.Args[0] = fields[0]
		command.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := command.CombinedOutput()
		if len(out) == 0 || strings.Contains(string(out), "\ngoroutine ") || strings.Contains(string(out), "no applet") {
			t.Errorf("%s --help: %v: %s", fields[0], err, out)
		}
	}
	if names < 15 {
		t.Fatalf("the engine lists %d applets:\n%s", names, list)
	}
}

// TestCoreDNSStartsNoCommands: whoever may change its configuration in the
// cluster must not be able to run programs with it.
func TestCoreDNSStartsNoCommands(t *testing.T) {
	out, err := exec.Command(filepath.Join(filepath.Dir(engine(t)), "system"), "coredns", "-plugins").CombinedOutput()
	plugins := strings.Fields(string(out))
	if err != nil || !slices.Contains(plugins, "kubernetes") {
		t.Fatalf("%v: %s", err, out)
	}
	if slices.Contains(plugins, "on") {
		t.Error("has the plugin that starts commands")
	}
}

// TestFlagsAreThoseOfTheTable keeps the table that `config check` and `config
// migrate` read as the engine is.
func TestFlagsAreThoseOfTheTable(t *testing.T) {
	const table = "../../../os-config/src/check/kubernetes-flags.txt"
	out, err := exec.Command(engine(t), "flags").Output()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(table)
	check(t, err)
	if !bytes.Equal(out, kept) {
		t.Errorf("%s is not what this engine knows: write the output of `engine flags` there", table)
	}
}

// TestVersions asks that each part of the programs has a version.
func TestVersions(t *testing.T) {
	out, err := exec.Command(engine(t), "version").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "go" && !strings.HasPrefix(fields[1], "v") {
			t.Errorf("no version: %q", line)
		}
	}
}
