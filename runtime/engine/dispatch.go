package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// applet is one of the programs in this binary.
type applet struct {
	name string
	// what it is, for the list that a wrong name gets.
	what string
	// run gets the arguments after the name, finds the name and them in
	// os.Args too, and returns the exit code.
	run func(args []string) int
}

// choose picks the applet by the base name of argv[0] or, if that names none,
// by argv[1]. The arguments that it returns begin with the applet's name.
func choose(table []applet, argv []string) (applet, []string, error) {
	if len(argv) == 0 {
		return applet{}, nil, errors.New("started without a name")
	}
	if found, ok := find(table, filepath.Base(argv[0])); ok {
		return found, append([]string{found.name}, argv[1:]...), nil
	}
	if len(argv) == 1 {
		return applet{}, nil, errors.New("which applet?\n" + usage(table))
	}
	if found, ok := find(table, argv[1]); ok {
		return found, append([]string{found.name}, argv[2:]...), nil
	}
	return applet{}, nil, fmt.Errorf("no applet %q\n%s", argv[1], usage(table))
}

func find(table []applet, name string) (applet, bool) {
	i := slices.IndexFunc(table, func(a applet) bool { return a.name == name })
	if i < 0 {
		return applet{}, false
	}
	return table[i], true
}

func usage(table []applet) string {
	var text strings.Builder
	for _, a := range table {
		fmt.Fprintf(&text, "  %-26s%s\n", a.name, a.what)
	}
	return strings.TrimRight(text.String(), "\n")
}
