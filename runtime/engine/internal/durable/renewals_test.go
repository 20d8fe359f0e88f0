package durable

import (
	"testing"
	"time"

	coordination "k8s.io/api/coordination/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// lease is one as the API server stores it.
func lease(t testing.TB, holder string, second int) []byte {
	t.Helper()
	renewed := meta.NewMicroTime(time.Unix(1_800_000_000+int64(second), 0))
	changed := meta.NewTime(renewed.Time)
	raw, err := (&coordination.Lease{
		ObjectMeta: meta.ObjectMeta{
			Name: "edge", Namespace: "kube-node-lease",
			ManagedFields: []meta.ManagedFieldsEntry{{Manager: "kubelet", Time: &changed}},
		},
		Spec: coordination.LeaseSpec{HolderIdentity: &holder, RenewTime: &renewed},
	}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	stored, err := (&runtime.Unknown{
		TypeMeta: runtime.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"}, Raw: raw,
	}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("k8s\x00"), stored...)
}

func TestWhatMayBeLost(t *testing.T) {
	const key = leases + "kube-system/lock"
	held := lease(t, "a", 1)
	encrypted := append([]byte("k8s:enc:secretbox:v1:key:"), held...)
	cases := []struct {
		name             string
		key              string
		before           []byte
		creates, removes bool
		value            []byte
		lazy             bool
	}{
		{name: "an event", key: events + "default/e", creates: true, lazy: true},
		{name: "an event that ends", key: events + "default/e", removes: true, lazy: true},
		{name: "a pod", key: "/registry/pods/default/p"},
		{name: "what only begins like one", key: "/registry/eventsources/e"},
		{name: "a renewal", key: key, before: held, value: lease(t, "a", 2), lazy: true},
		{name: "the first that is seen", key: key, value: lease(t, "a", 2)},
		{name: "a takeover", key: key, before: held, value: lease(t, "b", 2)},
		{name: "a new lease", key: key, before: held, creates: true, value: lease(t, "a", 2)},
		{name: "the end of a lease", key: key, before: held, removes: true},
		{name: "an encrypted lease", key: key, before: encrypted, value: encrypted},
		{name: "JSON", key: key, before: []byte(`{"kind":"Lease"}`), value: []byte(`{"kind":"Lease"}`)},
		{name: "damaged", key: key, before: held[:20], value: held[:20]},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := &renewals{held: map[string]holding{}}
			if c.before != nil {
				r.made(r.judge(c.key, false, false, c.before), 1)
			}
			if got := r.judge(c.key, c.creates, c.removes, c.value).lazy; got != c.lazy {
				t.Errorf("lazy is %v", got)
			}
		})
	}
}

// TestAWriteThatFailedIsNoHolding makes a takeover that loses, then again.
func TestAWriteThatFailedIsNoHolding(t *testing.T) {
	const key = leases + "kube-system/lock"
	r := &renewals{held: map[string]holding{}}
	r.made(r.judge(key, false, false, lease(t, "a", 1)), 5)
	_ = r.judge(key, false, false, lease(t, "b", 2)) // and it fails
	if r.judge(key, false, false, lease(t, "b", 3)).lazy {
		t.Error("the second try was taken for a renewal")
	}
	// One that is told late does not count either.
	r.made(r.judge(key, false, false, lease(t, "b", 3)), 7)
	r.made(r.judge(key, false, false, lease(t, "a", 2)), 6)
	if !r.judge(key, false, false, lease(t, "b", 4)).lazy {
		t.Error("an older write took the place of a newer one")
	}
}
