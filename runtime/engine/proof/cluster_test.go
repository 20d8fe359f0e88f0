// Package proof treats the built engine as a black box: it runs a control
// plane from it on loopback. ENGINE is the binary, by default the one that the
// repository's build leaves for this machine.
package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast.dev/engine/internal/plan"
)

// readyWithin is generous: the machine that runs tests is slow and busy.
const readyWithin = 3 * time.Minute

func engine(t testing.TB) string {
	t.Helper()
	path := os.Getenv("ENGINE")
	if path == "" {
		path = filepath.Join("..", "..", "..", "build", "engine", runtime.GOARCH, "engine")
	}
	path, err := filepath.Abs(path)
	check(t, err)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("no engine to test: %v; build it with runtime/engine/build %s %s", err, runtime.GOARCH, path)
	}
	return path
}

// controlPlane is a plan of a control plane on loopback and its files.
type controlPlane struct {
	folder string
	port   int
	plan   plan.Plan
}

func newControlPlane(t testing.TB) *controlPlane {
	c := &controlPlane{folder: t.TempDir(), port: freePort(t)}
	ca := newAuthority(t, c.folder)
	ca.leaf(t, "server", "kube-apiserver")
	ca.leaf(t, "service-account", "service-account")
	ca.leaf(t, "admin", "admin", "system:masters")
	ca.leaf(t, "node", "system:node:edge", "system:nodes")
	c.kubeconfig(t, "admin")
	c.plan = plan.Plan{Version: plan.Version, Components: []plan.Component{
		c.kine(), c.apiServer(), c.controllerManager(), c.scheduler(),
	}}
	return c
}

func (c *controlPlane) file(name string) string { return filepath.Join(c.folder, name) }

func (c *controlPlane) url(path string) string {
	return fmt.Sprintf("https://127.0.0.1:%d%s", c.port, path)
}

func (c *controlPlane) kine() plan.Component {
	parameters := "?_journal=WAL&_busy_timeout=30000&_synchronous=NORMAL&_txlock=immediate&cache=shared"
	return plan.Component{
		Name:  "kine",
		Args:  []string{"--endpoint=sqlite://" + c.file("state.db") + parameters, "--listen-address=unix://" + c.file("kine.sock")},
		Ready: []plan.Condition{{Unix: c.file("kine.sock")}},
	}
}

func (c *controlPlane) apiServer() plan.Component {
	return plan.Component{
		Name: "kube-apiserver",
		Args: []string{
			"--etcd-servers=unix://" + c.file("kine.sock"), "--bind-address=127.0.0.1", "--endpoint-reconciler-type=none",
			fmt.Sprintf("--secure-port=%d", c.port), "--service-cluster-ip-range=10.43.0.0/16",
			"--tls-cert-file=" + c.file("server.crt"), "--tls-private-key-file=" + c.file("server.key"),
			"--client-ca-file=" + c.file("ca.crt"), "--authorization-mode=Node,RBAC", "--anonymous-auth=false",
			"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + c.file("service-account.crt"),
			"--service-account-signing-key-file=" + c.file("service-account.key"),
		},
		After: []plan.Condition{{Component: "kine"}},
		Ready: []plan.Condition{{
			HTTPS: c.url("/readyz"), CA: c.file("ca.crt"), Cert: c.file("admin.crt"), Key: c.file("admin.key"),
		}},
	}
}

func (c *controlPlane) controllerManager() plan.Component {
	return plan.Component{
		Name: "kube-controller-manager",
		Args: []string{
			"--kubeconfig=" + c.file("admin.conf"), "--leader-elect=false", "--secure-port=0", "--use-service-account-credentials=true",
			"--root-ca-file=" + c.file("ca.crt"), "--service-account-private-key-file=" + c.file("service-account.key"),
		},
		After: []plan.Condition{{Component: "kube-apiserver"}},
	}
}

func (c *controlPlane) scheduler() plan.Component {
	return plan.Component{
		Name:  "kube-scheduler",
		Args:  []string{"--kubeconfig=" + c.file("admin.conf"), "--leader-elect=false", "--secure-port=0"},
		After: []plan.Condition{{Component: "kube-apiserver"}},
	}
}

func (c *controlPlane) kubeconfig(t testing.TB, user string) {
	write(t, c.file(user+".conf"), fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Config","current-context":"t",
"clusters":[{"name":"t","cluster":{"server":%q,"certificate-authority":%q}}],
"users":[{"name":"t","user":{"client-certificate":%q,"client-key":%q}}],
"contexts":[{"name":"t","context":{"cluster":"t","user":"t"}}]}`,
		c.url(""), c.file("ca.crt"), c.file(user+".crt"), c.file(user+".key")))
}

// kubectl runs the engine by kubectl's name.
func (c *controlPlane) kubectl(t testing.TB, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), engine(t), args...)
	command.Args[0] = "kubectl"
	command.Env = append(os.Environ(), "KUBECONFIG="+c.file("admin.conf"), "HOME="+c.folder)
	out, err := command.CombinedOutput()
	return string(out), err
}

// process is a running `engine run`.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
	mutex   sync.Mutex
	log     bytes.Buffer
}

func (c *controlPlane) start(t testing.TB, flags ...string) *process {
	t.Helper()
	data, err := json.MarshalIndent(c.plan, "", "  ")
	check(t, err)
	write(t, c.file("plan.json"), data)
	p := &process{ended: make(chan struct{})}
	p.command = exec.Command(engine(t), append([]string{"run", "--plan", c.file("plan.json")}, flags...)...)
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.command.Stderr = p
	check(t, p.command.Start())
	go func() {
		// How it ended is in the command's ProcessState.
		_ = p.command.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		if t.Failed() {
			t.Logf("log of engine %v:\n%s", flags, p.text())
		}
	})
	return p
}

func (p *process) Write(data []byte) (int, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.log.Write(data)
}

func (p *process) text() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.log.String()
}

// waitFor waits until the log has all texts, and fails when the process ends.
func (p *process) waitFor(t testing.TB, texts ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for _, text := range texts {
		for !strings.Contains(p.text(), text) {
			select {
			case <-p.ended:
				if !strings.Contains(p.text(), text) {
					t.Fatalf("ended with %v before its log had %q", p.command.ProcessState, text)
				}
			case <-ctx.Done():
				t.Fatalf("log has no %q after %v", text, readyWithin)
			case <-tick.C:
			}
		}
	}
}

// end waits for the end and gives the exit code.
func (p *process) end(t testing.TB, within time.Duration) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.command.ProcessState.ExitCode()
	case <-time.After(within):
		t.Fatalf("did not end within %v", within)
		return -1
	}
}

func freePort(t testing.TB) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer func(c io.Closer) { _ = c.Close() }(listener)
	return listener.Addr().(*net.TCPAddr).Port
}
