package kine

import (
	"strings"
	"testing"
	"time"
)

func TestDefaultsAreUpstreams(t *testing.T) {
	o, err := parse([]string{"--endpoint=sqlite:///db?x=y", "--listen-address=unix:///run/k.sock"})
	if err != nil {
		t.Fatal(err)
	}
	d := o.drivers
	if d.ConnectionPoolConfig.MaxIdle != 20 || d.ConnectionPoolConfig.MaxIdleTime != 2*time.Minute ||
		d.CompactTimeout != 5*time.Second || d.CompactMinRetain != 1000 || d.CompactBatchSize != 1000 ||
		d.PollBatchSize != 500 || d.CompactInterval != 0 || o.notify != 5*time.Second || o.version != "3.6.11" {
		t.Errorf("defaults are %+v", o)
	}
}

func TestRefused(t *testing.T) {
	cases := []struct{ name, flag, want string }{
		{"another database", "--endpoint=postgres://h/db", "does not begin with sqlite://"},
		{"a port", "--listen-address=0.0.0.0:2379", "does not begin with unix://"},
		{"no database", "--endpoint=", "does not begin with sqlite://"},
		{"an argument", "now", "takes flags only"},
		{"what only a file system can be", "--when-damaged=renew", "neither stop nor repair"},
		{"an unknown flag", "--metrics-bind-address=:8080", "not defined"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := parse([]string{"--endpoint=sqlite:///db", c.flag}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error is %v, want %q", err, c.want)
			}
		})
	}
}
