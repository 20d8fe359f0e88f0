// Package await waits for the conditions of a plan by polling them at short,
// growing intervals.
package await

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"holdfast.dev/engine/internal/plan"
)

const (
	firstInterval = 20 * time.Millisecond
	lastInterval  = 500 * time.Millisecond
	tryTimeout    = 5 * time.Second
	// reportEvery is how long a wait stays silent.
	reportEvery = 15 * time.Second
)

// All waits until every condition has held once, in their order. It returns
// early only when ctx ends. report is told now and then what is still waited
// for and why it does not hold.
func All(ctx context.Context, conditions []plan.Condition, report func(plan.Condition, error)) error {
	for _, c := range conditions {
		if err := one(ctx, c, report); err != nil {
			return err
		}
	}
	return nil
}

func one(ctx context.Context, c plan.Condition, report func(plan.Condition, error)) error {
	interval := firstInterval
	nextReport := time.Now().Add(reportEvery)
	for {
		err := Try(ctx, c)
		if err == nil {
			return nil
		}
		if time.Now().After(nextReport) {
			report(c, err)
			nextReport = time.Now().Add(reportEvery)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(interval):
		}
		interval = min(interval*3/2, lastInterval)
	}
}

// Try says whether the condition holds now: nil if so, else why not.
func Try(ctx context.Context, c plan.Condition) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	switch {
	case c.Unix != "":
		return dial(ctx, "unix", c.Unix)
	case c.TCP != "":
		return dial(ctx, "tcp", c.TCP)
	case c.File != "":
		_, err := os.Stat(c.File)
		return err
	default:
		return get(ctx, c)
	}
}

func dial(ctx context.Context, network, address string) error {
	connection, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return connection.Close()
}

func get(ctx context.Context, c plan.Condition) error {
	config, err := clientTLS(c)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.HTTPS, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}

// clientTLS reads the files at every try: they may be written, or written
// anew, while the condition is waited for.
func clientTLS(c plan.Condition) (*tls.Config, error) {
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", c.CA)
	}
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
