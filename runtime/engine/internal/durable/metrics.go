package durable

import (
	"strings"
	"time"

	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
)

// They are served by the API server that shares the process, at /metrics.
var (
	flushes = metrics.NewCounter(&metrics.CounterOpts{
		Name: "holdfast_datastore_flushes_total", StabilityLevel: metrics.ALPHA,
		Help: "Times that the datastore's log was flushed to the disk.",
	})
	flushSeconds = metrics.NewCounter(&metrics.CounterOpts{
		Name: "holdfast_datastore_flush_seconds_total", StabilityLevel: metrics.ALPHA,
		Help: "Seconds that flushes of the datastore's log took.",
	})
	writes = metrics.NewCounterVec(&metrics.CounterOpts{
		Name: "holdfast_datastore_writes_total", StabilityLevel: metrics.ALPHA,
		Help: "Revisions written to the datastore, by what was written.",
	}, []string{"resource"})
)

func init() { legacyregistry.MustRegister(flushes, flushSeconds, writes) }

func counted(flush func() error) error {
	start := time.Now()
	err := flush()
	flushes.Inc()
	flushSeconds.Add(time.Since(start).Seconds())
	return err
}

func countWrite(key string) {
	resource := "other"
	if rest, found := strings.CutPrefix(key, "/registry/"); found {
		resource, _, _ = strings.Cut(rest, "/")
	}
	writes.WithLabelValues(resource).Inc()
}
