package flannel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	cases := []struct {
		name, want string
		args       []string
	}{
		{"whole", "", []string{"--kubeconfig-file=k", "--node-name=n", "--iface=a", "--iface=b", "--ip-masq"}},
		{"no kubeconfig", "kubeconfig-file: missing", []string{"--node-name=n"}},
		{"no node", "node-name: missing", []string{"--kubeconfig-file=k"}},
		{"an argument", "takes flags only", []string{"x"}},
		{"etcd", "not defined", []string{"--etcd-endpoints=http://h"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o, err := parse(c.args)
			if c.want == "" {
				if err != nil || o.interfaces.String() != "a,b" || !o.masquerade || !o.forwardRules {
					t.Fatalf("parsed %+v: %v", o, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestConfigIsCheckedBeforeAnyRetry(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"nftables", `{"Network":"10.42.0.0/16","EnableNFTables":true,"Backend":{"Type":"vxlan"}}`, ""},
		{"iptables", `{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}`, "EnableNFTables is not true"},
		{"no JSON", `Network: x`, "invalid character"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "net-conf.json")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := checkConfig(path)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("error is %v, want %q", err, c.want)
			}
		})
	}
	if err := checkConfig("/nowhere/net-conf.json"); err == nil {
		t.Error("accepted a file that is not there")
	}
}
