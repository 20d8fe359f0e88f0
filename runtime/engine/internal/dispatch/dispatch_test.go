package dispatch

import (
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	table := []Applet{{Name: "kubectl", What: "command line"}, {Name: "run", What: "a plan"}}
	cases := []struct {
		name  string
		argv  []string
		want  []string
		wrong string
	}{
		{name: "by its name", argv: []string{"kubectl", "get", "pods"}, want: []string{"kubectl", "get", "pods"}},
		{name: "by a link's path", argv: []string{"/usr/bin/kubectl"}, want: []string{"kubectl"}},
		{name: "by the first argument", argv: []string{"/usr/lib/holdfast/engine", "run", "--plan", "p"}, want: []string{"run", "--plan", "p"}},
		{name: "the name wins over the argument", argv: []string{"kubectl", "run", "x"}, want: []string{"kubectl", "run", "x"}},
		{name: "nothing at all", argv: nil, wrong: "started without a name"},
		{name: "no applet", argv: []string{"engine"}, wrong: "no applet named; there are\n  kubectl"},
		{name: "unknown applet", argv: []string{"engine", "kubctl"}, wrong: `no applet "kubctl"; there are`},
		{name: "a flag is no applet", argv: []string{"engine", "--help"}, wrong: `no applet "--help"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			chosen, argv, err := Choose(table, c.argv)
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Fatalf("error is %v, want %q", err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if chosen.Name != c.want[0] || !slices.Equal(argv, c.want) {
				t.Fatalf("chose %s with %q, want %q", chosen.Name, argv, c.want)
			}
		})
	}
}
