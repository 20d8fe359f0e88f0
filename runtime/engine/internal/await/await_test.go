package await

import (
	"context"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast.dev/engine/internal/plan"
)

func silent(plan.Condition, error) {}

func TestAllWaitsForAFileThatComesLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "late")
	done := make(chan error, 1)
	go func() { done <- All(t.Context(), []plan.Condition{{File: path}}, silent) }()
	select {
	case err := <-done:
		t.Fatalf("returned %v before the file was there", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestAllEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := All(ctx, []plan.Condition{{File: "/nowhere/at/all"}}, silent); !errors.Is(err, context.Canceled) {
		t.Fatalf("returned %v", err)
	}
}

func TestTrySockets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for _, c := range []struct {
		network, address string
		condition        func(address string) plan.Condition
	}{
		{"unix", path, func(a string) plan.Condition { return plan.Condition{Unix: a} }},
		{"tcp", "127.0.0.1:0", func(a string) plan.Condition { return plan.Condition{TCP: a} }},
	} {
		listener, err := net.Listen(c.network, c.address)
		if err != nil {
			t.Fatal(err)
		}
		condition := c.condition(listener.Addr().String())
		if err := Try(t.Context(), condition); err != nil {
			t.Errorf("%v while listening: %v", condition, err)
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		if Try(t.Context(), condition) == nil {
			t.Errorf("%v holds after the listener closed", condition)
		}
	}
}

func TestTryHTTPS(t *testing.T) {
	var status atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
	}))
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.crt")
	condition := plan.Condition{HTTPS: server.URL, CA: ca}

	if err := Try(t.Context(), condition); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without the CA's file: %v", err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	status.Store(http.StatusInternalServerError)
	if err := Try(t.Context(), condition); err == nil || !strings.Contains(err.Error(), "answered 500") {
		t.Errorf("not ready: %v", err)
	}
	status.Store(http.StatusOK)
	if err := Try(t.Context(), condition); err != nil {
		t.Errorf("ready: %v", err)
	}
	if err := os.WriteFile(ca, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Try(t.Context(), condition); err == nil || !strings.Contains(err.Error(), "holds no certificate") {
		t.Errorf("broken CA: %v", err)
	}
}
