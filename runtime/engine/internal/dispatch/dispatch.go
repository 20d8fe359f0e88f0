// Package dispatch finds out which of its programs a multi-call binary is to be.
package dispatch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Applet is one of the programs in the binary.
type Applet struct {
	// Name it is called by.
	Name string
	// What it is, for the list that a wrong name gets.
	What string
	// Run gets the arguments after the name, finds the name and them in
	// os.Args too, and returns the exit code.
	Run func(args []string) int
}

// Choose picks the applet by the base name of argv[0] or, if that names none,
// by argv[1]. The arguments that it returns begin with the applet's name.
func Choose(table []Applet, argv []string) (Applet, []string, error) {
	if len(argv) == 0 {
		return Applet{}, nil, errors.New("started without a name")
	}
	if found, ok := find(table, filepath.Base(argv[0])); ok {
		return found, append([]string{found.Name}, argv[1:]...), nil
	}
	if len(argv) == 1 {
		return Applet{}, nil, errors.New("no applet named; there are\n" + usage(table))
	}
	if found, ok := find(table, argv[1]); ok {
		return found, append([]string{found.Name}, argv[2:]...), nil
	}
	return Applet{}, nil, fmt.Errorf("no applet %q; there are\n%s", argv[1], usage(table))
}

func find(table []Applet, name string) (Applet, bool) {
	i := slices.IndexFunc(table, func(a Applet) bool { return a.Name == name })
	if i < 0 {
		return Applet{}, false
	}
	return table[i], true
}

func usage(table []Applet) string {
	var text strings.Builder
	for _, a := range table {
		fmt.Fprintf(&text, "  %-26s%s\n", a.Name, a.What)
	}
	return strings.TrimRight(text.String(), "\n")
}

// Report writes an error as its applet's last words and gives the exit code.
func Report(name string, err error) int {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}
