// Package plan holds the file that tells `engine run` which components to
// start: its types, its strict parser and its checks. It decides nothing and
// has no effect beyond reading the file.
package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Version is the only plan version this engine understands.
const Version = 1

// DefaultStopTimeout bounds the orderly stop when the plan names no bound.
const DefaultStopTimeout = 20 * time.Second

// Plan is a whole, checked plan.
type Plan struct {
	// Version of the format, see [Version].
	Version int `json:"version"`
	// Env is set in the process before any component is started.
	Env map[string]string `json:"env,omitempty"`
	// GC sets Go's garbage collector.
	GC GC `json:"gc,omitzero"`
	// StopTimeoutSeconds bounds the orderly stop; 0 means the default.
	StopTimeoutSeconds int `json:"stop_timeout_seconds,omitempty"`
	// Components in start order; the stop order is the reverse.
	Components []Component `json:"components"`
}

// GC holds the settings of Go's collector; a nil field leaves Go's default.
type GC struct {
	// Percent is what GOGC would say; -1 turns the collector off until the
	// memory limit is reached.
	Percent *int `json:"percent,omitempty"`
	// GiveBackSeconds is how often what the heap has unused is given back to
	// the kernel; the first time is that long after the start.
	GiveBackSeconds int `json:"give_back_seconds,omitempty"`
	// SettledPercent takes Percent's place from the first giving back on.
	SettledPercent *int `json:"settled_percent,omitempty"`
	// MemoryLimitMiB is what GOMEMLIMIT would say: a soft limit, in MiB.
	MemoryLimitMiB *int64 `json:"memory_limit_mib,omitempty"`
}

// Component is one component to run in this process.
type Component struct {
	// Name of the component, as the engine's applets are called.
	Name string `json:"name"`
	// Args are upstream's own flags, without the program's name.
	Args []string `json:"args"`
	// After must hold before the component is started.
	After []Condition `json:"after,omitempty"`
	// Ready is logged, and waited for by conditions of kind "component".
	Ready []Condition `json:"ready,omitempty"`
}

// Condition is something that can be waited for: exactly one of Unix, TCP,
// File, HTTPS and Component is set.
type Condition struct {
	// Unix is the path of a socket that accepts connections.
	Unix string `json:"unix,omitempty"`
	// TCP is a host:port that accepts connections.
	TCP string `json:"tcp,omitempty"`
	// File is a path that exists.
	File string `json:"file,omitempty"`
	// HTTPS is an URL that answers a GET with status 200.
	HTTPS string `json:"https,omitempty"`
	// Component names an earlier component whose Ready conditions hold.
	Component string `json:"component,omitempty"`

	// CA is the PEM file that the HTTPS server is checked against.
	CA string `json:"ca,omitempty"`
	// Cert and Key are the PEM files of the HTTPS client, both or neither.
	Cert string `json:"cert,omitempty"`
	Key  string `json:"key,omitempty"`
}

// String says what is waited for, in the words of the plan.
func (c Condition) String() string {
	for _, kind := range c.kinds() {
		if kind.value != "" {
			return kind.name + " " + kind.value
		}
	}
	return "nothing"
}

type kind struct{ name, value string }

func (c Condition) kinds() []kind {
	return []kind{
		{"unix", c.Unix}, {"tcp", c.TCP}, {"file", c.File}, {"https", c.HTTPS}, {"component", c.Component},
	}
}

// StopTimeout is the bound of the orderly stop.
func (p *Plan) StopTimeout() time.Duration {
	if p.StopTimeoutSeconds == 0 {
		return DefaultStopTimeout
	}
	return time.Duration(p.StopTimeoutSeconds) * time.Second
}

// Find returns the component of that name, or nil.
func (p *Plan) Find(name string) *Component {
	for i := range p.Components {
		if p.Components[i].Name == name {
			return &p.Components[i]
		}
	}
	return nil
}

// Load reads, parses and checks the plan at path. known says which component
// names this engine can run.
func Load(path string, known func(string) bool) (*Plan, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	p, err := Parse(data, known)
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", path, err)
	}
	return p, nil
}

// Parse parses and checks a plan. The first thing that is wrong is the error.
func Parse(data []byte, known func(string) bool) (*Plan, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var p Plan
	if err := decoder.Decode(&p); err != nil {
		return nil, located(data, decoder.InputOffset(), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, located(data, decoder.InputOffset(), errors.New("data after the end of the plan"))
	}
	if err := p.check(known); err != nil {
		return nil, err
	}
	return &p, nil
}

// located adds the line and column at which the parser stood.
func located(data []byte, offset int64, err error) error {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &mistyped):
		offset = mistyped.Offset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the file ends before the plan does")
	}
	before := string(data[:min(int(offset), len(data))])
	line := strings.Count(before, "\n") + 1
	column := len(before) - strings.LastIndex(before, "\n")
	return fmt.Errorf("line %d column %d: %w", line, column, err)
}
