package durable

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"sync"

	coordination "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

const (
	events = "/registry/events/"
	leases = "/registry/leases/"
)

// storagePrefix begins each value that the API server stores in its binary form.
var storagePrefix = []byte("k8s\x00")

// renewals says which writes lose nothing when a power cut undoes them: events,
// and leases of which nothing but the time changes. Who takes a lease over must
// be able to rely on having it, so that is written like everything else.
type renewals struct {
	mutex sync.Mutex
	// held is, by key, what a lease says but for its time.
	held map[string]holding
}

type holding struct {
	revision int64
	sum      [sha256.Size]byte
}

// change is a write and what was found about it.
type change struct {
	key     string
	lazy    bool
	removes bool
	lease   bool
	sum     [sha256.Size]byte
}

// judge looks at a write before it is made.
func (r *renewals) judge(key string, creates, removes bool, value []byte) change {
	if strings.HasPrefix(key, events) {
		return change{key: key, lazy: true}
	}
	if !strings.HasPrefix(key, leases) {
		return change{key: key}
	}
	sum, ok := withoutTime(value)
	c := change{key: key, lease: ok, removes: removes, sum: sum}
	if creates || removes || !ok {
		return c
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	held, known := r.held[key]
	c.lazy = known && held.sum == sum
	return c
}

// made is told that the write is in the datastore.
func (r *renewals) made(c change, revision int64) {
	if !c.lease && !c.removes {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if c.removes {
		delete(r.held, c.key)
	} else if revision > r.held[c.key].revision {
		r.held[c.key] = holding{revision, c.sum}
	}
}

// withoutTime sums up a lease without the time of its renewal. It is false for
// what it cannot read.
func withoutTime(value []byte) ([sha256.Size]byte, bool) {
	var none [sha256.Size]byte
	body, ok := bytes.CutPrefix(value, storagePrefix)
	if !ok {
		return none, false
	}
	var stored runtime.Unknown
	if stored.Unmarshal(body) != nil || stored.Kind != "Lease" {
		return none, false
	}
	var lease coordination.Lease
	if lease.Unmarshal(stored.Raw) != nil {
		return none, false
	}
	lease.Spec.RenewTime = nil
	// They say when fields were last changed.
	lease.ManagedFields = nil
	rest, err := lease.Marshal()
	if err != nil {
		return none, false
	}
	return sha256.Sum256(rest), true
}
