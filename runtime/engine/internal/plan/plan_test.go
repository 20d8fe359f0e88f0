package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func known(name string) bool { return strings.HasPrefix(name, "kube") || name == "kine" }

const whole = `{
  "version": 1,
  "env": {"PATH": "/usr/bin"},
  "gc": {"percent": 50, "settled_percent": 40, "give_back_seconds": 9, "memory_limit_mib": 300},
  "stop_timeout_seconds": 7,
  "components": [
    {"name": "kine", "args": ["--a=b"], "ready": [{"unix": "/run/k.sock"}]},
    {"name": "kubelet", "args": [], "after": [
      {"component": "kine"}, {"file": "/f"}, {"tcp": "127.0.0.1:1"},
      {"https": "https://127.0.0.1:6443/readyz", "ca": "/ca", "cert": "/c", "key": "/k"}
    ]}
  ]
}`

func TestParseWhole(t *testing.T) {
	p, err := Parse([]byte(whole), known)
	if err != nil {
		t.Fatal(err)
	}
	if *p.GC.Percent != 50 || *p.GC.MemoryLimitMiB != 300 || *p.GC.SettledPercent != 40 || p.GC.GiveBackSeconds != 9 || p.StopTimeout() != 7*time.Second || p.Env["PATH"] != "/usr/bin" {
		t.Errorf("settings are %+v", p)
	}
	kubelet := p.Find("kubelet")
	if kubelet == nil || len(kubelet.After) != 4 {
		t.Fatalf("kubelet is %+v", kubelet)
	}
	if got := kubelet.After[3].String(); got != "https https://127.0.0.1:6443/readyz" {
		t.Errorf("condition reads %q", got)
	}
}

func TestDefaultStopTimeout(t *testing.T) {
	p, err := Parse([]byte(`{"version":1,"components":[{"name":"kine","args":[]}]}`), known)
	if err != nil {
		t.Fatal(err)
	}
	if p.StopTimeout() != DefaultStopTimeout || p.GC.Percent != nil {
		t.Errorf("defaults are %+v", p)
	}
}

func TestParseRefuses(t *testing.T) {
	component := func(rest string) string {
		return `{"version":1,"components":[{"name":"kine","args":[]},{"name":"kubelet","args":[],` + rest + `}]}`
	}
	cases := []struct{ name, text, want string }{
		{"empty", "", "the file ends before the plan does"},
		{"cut", whole[:60], "the file ends before the plan does"},
		{"no JSON", "version: 1", "line 1 column 2: invalid character 'v'"},
		{"unknown key", "{\n \"versoin\": 1}", `line 2 column 15: json: unknown field "versoin"`},
		{"unknown key inside", component(`"wait":1`), `unknown field "wait"`},
		{"wrong type", `{"version":"1"}`, "line 1 column 15: json: cannot unmarshal string"},
		{"two plans", whole + "{}", "data after the end of the plan"},
		{"version", `{"version":2,"components":[]}`, "version: is 2, this engine understands 1"},
		{"no version", `{}`, "version: is 0"},
		{"no components", `{"version":1}`, "components: none given"},
		{"unknown component", `{"version":1,"components":[{"name":"etcd","args":[]}]}`, `components[0].name: "etcd" is no component`},
		{"twice", `{"version":1,"components":[{"name":"kine","args":[]},{"name":"kine","args":[]}]}`, "components[1] (kine): listed twice"},
		{"stop timeout", `{"version":1,"stop_timeout_seconds":601}`, "stop_timeout_seconds: 601 is not within 0 to 600"},
		{"gc percent", `{"version":1,"gc":{"percent":0}}`, "gc.percent: 0 is neither -1 nor positive"},
		{"gc off", `{"version":1,"gc":{"percent":-1}}`, "gc.percent: -1 needs memory_limit_mib"},
		{"gc give back", `{"version":1,"gc":{"give_back_seconds":-1}}`, "gc.give_back_seconds: -1 is negative"},
		{"gc settled", `{"version":1,"gc":{"give_back_seconds":9,"settled_percent":0}}`, "gc.settled_percent: 0 is not positive"},
		{"gc never settled", `{"version":1,"gc":{"settled_percent":9}}`, "gc.settled_percent: needs give_back_seconds, or it would never be in force"},
		{"gc limit", `{"version":1,"gc":{"memory_limit_mib":8}}`, "gc.memory_limit_mib: 8 is below 64"},
		{"empty condition", component(`"after":[{}]`), "components[1] (kubelet).after[0]: must have exactly one of unix, tcp, file, https, component; has 0"},
		{"two conditions in one", component(`"ready":[{"file":"/a","unix":"/b"}]`), "components[1] (kubelet).ready[0]: must have exactly one"},
		{"relative path", component(`"after":[{"file":"a"}]`), `file: "a" is not an absolute path`},
		{"relative socket", component(`"after":[{"unix":"a"}]`), `unix: "a" is not an absolute path`},
		{"no port", component(`"after":[{"tcp":"localhost"}]`), "tcp: address localhost: missing port"},
		{"plain http", component(`"after":[{"https":"http://a/","ca":"/c"}]`), "is no https:// URL"},
		{"no CA", component(`"after":[{"https":"https://a/"}]`), "ca: missing"},
		{"key without cert", component(`"after":[{"https":"https://a/","ca":"/c","key":"/k"}]`), "cert and key: give both or neither"},
		{"CA of a file", component(`"after":[{"file":"/a","ca":"/c"}]`), "ca, cert and key belong to https only"},
		{"later component", component(`"after":[{"component":"kubelet"}]`), `component: "kubelet" is not listed earlier`},
		{"ready by component", component(`"ready":[{"component":"kine"}]`), `component: "kine" is not listed earlier`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.text), known)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.json")
	if _, err := Load(path, known); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, known); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("cut file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data, known)
		if err == nil && len(p.Components) == 0 {
			t.Error("accepted a plan without components")
		}
	})
}
