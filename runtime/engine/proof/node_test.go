package proof

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"syscall"
	"testing"

	"holdfast.dev/engine/internal/await"
	"holdfast.dev/engine/internal/plan"
)

// TestANodeIsServedFromTheFirstAnswerOn asks what a kubelet asks as soon as the
// API server answers anything, long before it is ready: a plan lets the kubelet
// go then, and a refusal would make it wait longer than it won.
func TestANodeIsServedFromTheFirstAnswerOn(t *testing.T) {
	c := newControlPlane(t)
	api := &c.plan.Components[1]
	api.Args = append(api.Args, "--enable-admission-plugins=NodeRestriction")
	first := api.Ready[0]
	first.HTTPS = c.url("/livez/ping")
	client := c.client(t, "node")
	for _, boot := range []string{"the first boot", "a later boot"} {
		t.Run(boot, func(t *testing.T) {
			p := c.start(t, "--only", "kine,kube-apiserver")
			check(t, await.All(t.Context(), []plan.Condition{first}, func(plan.Condition, error) {}))
			for _, ask := range asked {
				status, answer := ask.of(t, client, c.url(ask.path))
				if status >= 300 && status != ask.or {
					t.Errorf("%s %s: %d: %s", ask.method, ask.path, status, answer)
				}
			}
			check(t, p.command.Process.Signal(syscall.SIGTERM))
			p.end(t, stopWithin)
		})
	}
}

// question is a request of a kubelet; or is the other answer that it takes.
type question struct {
	method, path, body string
	or                 int
}

var asked = []question{
	{"GET", "/api/v1/nodes?fieldSelector=metadata.name%3Dedge", "", 0},
	{"POST", "/api/v1/nodes", `{"apiVersion":"v1","kind":"Node","metadata":{"name":"edge"}}`, http.StatusConflict},
	{"GET", "/api/v1/nodes/edge", "", 0},
	{"PATCH", "/api/v1/nodes/edge/status", `{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`, 0},
	{"GET", "/api/v1/services", "", 0},
	{"GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dedge", "", 0},
	{"GET", "/apis/storage.k8s.io/v1/csidrivers", "", 0},
	{"GET", "/apis/node.k8s.io/v1/runtimeclasses", "", 0},
	{"POST", "/apis/storage.k8s.io/v1/csinodes", `{"apiVersion":"storage.k8s.io/v1","kind":"CSINode","metadata":{"name":"edge"},"spec":{"drivers":[]}}`, http.StatusConflict},
}

func (q question) of(t *testing.T, client *http.Client, url string) (int, []byte) {
	request, err := http.NewRequestWithContext(t.Context(), q.method, url, bytes.NewBufferString(q.body))
	check(t, err)
	request.Header.Set("Content-Type", "application/json")
	if q.method == "PATCH" {
		request.Header.Set("Content-Type", "application/strategic-merge-patch+json")
	}
	response, err := client.Do(request)
	check(t, err)
	answer, err := io.ReadAll(response.Body)
	check(t, err)
	check(t, response.Body.Close())
	return response.StatusCode, answer
}

// client is known by a certificate of the folder.
func (c *controlPlane) client(t testing.TB, user string) *http.Client {
	pem, err := os.ReadFile(c.file("ca.crt"))
	check(t, err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no authority")
	}
	pair, err := tls.LoadX509KeyPair(c.file(user+".crt"), c.file(user+".key"))
	check(t, err)
	config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
}
