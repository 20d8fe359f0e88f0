package mend

import (
	"testing"
	"time"
)

func TestDecisions(t *testing.T) {
	cases := []struct {
		name      string
		found     finding
		snapshots bool
		repair    action
		stop      action
	}{
		{"a new cluster", finding{database: absent}, false, leave, leave},
		{"whole", finding{database: whole}, true, leave, leave},
		{"whole, its log is not", finding{database: whole, logDamaged: true}, true, setLogAside, refuse},
		{"damaged", finding{database: damaged}, true, putBack, refuse},
		{"damaged, no snapshot", finding{database: damaged}, false, putBack, refuse},
		{"gone beside snapshots", finding{database: absent}, true, putBack, refuse},
		{"gone beside its log", finding{database: absent, logDamaged: true}, false, putBack, refuse},
	}
	for _, c := range cases {
		if got := decide(c.found, c.snapshots, Repair); got != c.repair {
			t.Errorf("%s: repair gives %d", c.name, got)
		}
		if got := decide(c.found, c.snapshots, Stop); got != c.stop {
			t.Errorf("%s: stop gives %d", c.name, got)
		}
	}
}

func TestSnapshotsAreDueByTheirSize(t *testing.T) {
	const mib = 1 << 20
	cases := []struct {
		name string
		age  time.Duration
		size int64
		want time.Duration
	}{
		{"small, an hour old", time.Hour, mib / 2, 0},
		{"small, half an hour old", 30 * time.Minute, mib / 2, 30 * time.Minute},
		{"4 MiB, 3 hours old", 3 * time.Hour, 4 * mib, time.Hour},
		{"4 MiB, new", 0, 4 * mib, time.Hour},
		{"4 MiB, 4 hours old", 4 * time.Hour, 4 * mib, 0},
		{"large, a day old", 24 * time.Hour, 900 * mib, 0},
		{"of the future", -time.Hour, mib, 0},
	}
	for _, c := range cases {
		if got := due(c.age, c.size, mib); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
