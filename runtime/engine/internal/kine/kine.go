// Package kine runs kine on SQLite, behind the guard of package durable.
// Upstream's endpoint package links every database that kine knows, tens of
// megabytes; this links the one in use and mirrors the defaults of upstream's
// command line, for endpoint has none.
package kine

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/k3s-io/kine/pkg/drivers"
	"github.com/k3s-io/kine/pkg/drivers/generic"
	"github.com/k3s-io/kine/pkg/metrics"
	"github.com/k3s-io/kine/pkg/server"
	"github.com/k3s-io/kine/pkg/util"
	"github.com/sirupsen/logrus"
	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"k8s.io/component-base/version"

	"holdfast.dev/engine/internal/durable"
	"holdfast.dev/engine/internal/mend"
)

const (
	gracefulStop      = 2 * time.Second
	grpcOverheadBytes = 512 * 1024
)

// options are the flags that are supported, named as upstream names them.
type options struct {
	listen  string
	version string
	notify  time.Duration
	drivers drivers.Config
	mend    mend.Policy
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("kine", flag.ContinueOnError)
	flags.StringVar(&o.listen, "listen-address", "unix://kine.sock", "unix://PATH to listen on for etcd clients")
	flags.StringVar(&o.drivers.Endpoint, "endpoint", "", "sqlite://PATH?PARAMETERS of the database")
	flags.StringVar(&o.version, "emulated-etcd-version", "3.6.11", "etcd version to answer with")
	flags.DurationVar(&o.notify, "watch-progress-notify-interval", 5*time.Second, "interval of watch progress notifications")
	pool := &o.drivers.ConnectionPoolConfig
	*pool = generic.ConnectionPoolConfig{MaxIdle: 20, MaxIdleTime: 2 * time.Minute}
	flags.IntVar(&pool.MaxIdle, "datastore-max-idle-connections", pool.MaxIdle, "idle connections to keep")
	flags.IntVar(&pool.MaxOpen, "datastore-max-open-connections", 0, "most connections; 0: no limit")
	flags.DurationVar(&pool.MaxLifetime, "datastore-connection-max-lifetime", 0, "longest life of a connection; 0: no limit")
	flags.DurationVar(&pool.MaxIdleTime, "datastore-connection-max-idle-time", pool.MaxIdleTime, "longest idle time of a connection")
	flags.DurationVar(&metrics.SlowSQLThreshold, "slow-sql-threshold", time.Second, "log SQL slower than this")
	flags.DurationVar(&metrics.SlowSQLWarningThreshold, "slow-sql-warning-threshold", 5*time.Second, "warn of SQL slower than this")
	flags.DurationVar(&o.drivers.CompactInterval, "compact-interval", 0, "interval of compaction; 0: left to the API server")
	flags.IntVar(&o.drivers.CompactIntervalJitter, "compact-interval-jitter", 0, "jitter of the interval, in percent")
	flags.DurationVar(&o.drivers.CompactTimeout, "compact-timeout", 5*time.Second, "longest time of one compaction")
	flags.Int64Var(&o.drivers.CompactMinRetain, "compact-min-retain", 1000, "revisions to keep")
	flags.Int64Var(&o.drivers.CompactBatchSize, "compact-batch-size", 1000, "revisions compacted at once")
	flags.Int64Var(&o.drivers.PollBatchSize, "poll-batch-size", 500, "revisions polled at once")
	o.mend = mend.Policy{Damaged: mend.Repair, Now: time.Now, Version: version.Get().GitVersion}
	flags.StringVar(&o.mend.Snapshots, "snapshots", "", "folder of the database's snapshots; empty: it is neither checked nor mended")
	flags.IntVar(&o.mend.Keep, "snapshots-keep", 3, "snapshots to keep")
	flags.Int64Var(&o.mend.Rate, "snapshots-rate", 1<<20, "bytes that snapshots may write in an hour, in the long run")
	flags.StringVar(&o.mend.Former, "snapshot-of", "", "minor release of Kubernetes whose last state is kept: it wrote the database before the one on trial")
	flags.TextVar(&o.mend.Damaged, "when-damaged", mend.Repair, "stop or repair: what happens with a damaged database")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("takes flags only, got %q", flags.Args())
	}
	if !strings.HasPrefix(o.drivers.Endpoint, "sqlite://") {
		return o, fmt.Errorf("endpoint: %q does not begin with sqlite://, the one driver of this engine", o.drivers.Endpoint)
	}
	if !strings.HasPrefix(o.listen, "unix://") {
		return o, fmt.Errorf("listen-address: %q does not begin with unix://; access is guarded by the socket's mode alone", o.listen)
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(o.drivers.Endpoint, "sqlite://"), "?")
	o.mend.Database = path
	return o, nil
}

// Run serves until ctx ends.
func Run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	return serve(ctx, o)
}

// serve opens the database, serves it, and closes it after the last request.
func serve(ctx context.Context, o options) (err error) {
	backendCtx, closeBackend := context.WithCancel(context.Background())
	var open sync.WaitGroup
	defer open.Wait()
	defer closeBackend()

	if err := o.mend.Ensure(ctx, logrus.Infof); err != nil {
		return err
	}
	backend, err := durable.Open(backendCtx, &open, &o.drivers)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if err := backend.Start(backendCtx); err != nil {
		return fmt.Errorf("start backend: %w", err)
	}
	listener, err := listen(ctx, o.listen)
	if err != nil {
		return err
	}
	grpcServer := newServer()
	server.New(backend, "unix", o.notify, o.version).Register(grpcServer)

	done := make(chan error, 1)
	go func() { done <- grpcServer.Serve(listener) }()
	found := make(chan error, 1)
	open.Add(1)
	go func() {
		defer open.Done()
		if err := o.mend.Watch(backendCtx, logrus.Infof); err != nil {
			found <- err
		}
	}()
	select {
	case err := <-done:
		if err == nil {
			err = errors.New("server ended")
		}
		return fmt.Errorf("serve etcd clients: %w", err)
	case <-backend.Failed():
		// What was committed and not flushed may be lost: whoever comes next reads
		// what the disk has.
		grpcServer.Stop()
		return backend.Err()
	case err := <-found:
		// Nobody is served from a damaged database: the next start mends it.
		grpcServer.Stop()
		return err
	case err := <-backend.Damaged():
		grpcServer.Stop()
		return errors.Join(err, o.mend.Suspect())
	case <-ctx.Done():
		timer := time.AfterFunc(gracefulStop, grpcServer.Stop)
		defer timer.Stop()
		grpcServer.GracefulStop()
		return nil
	}
}

// listen replaces a socket that an earlier run left, and lets only the owner in.
func listen(ctx context.Context, address string) (net.Listener, error) {
	_, path := util.SchemeAndAddress(address)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove old socket: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// newServer has the limits of upstream's endpoint package.
func newServer() *grpc.Server {
	return grpc.NewServer(
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: embed.DefaultGRPCKeepAliveMinTime}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time:    embed.DefaultGRPCKeepAliveInterval,
			Timeout: embed.DefaultGRPCKeepAliveTimeout,
		}),
		grpc.MaxConcurrentStreams(embed.DefaultMaxConcurrentStreams),
		grpc.MaxRecvMsgSize(int(embed.DefaultMaxRequestBytes)+grpcOverheadBytes),
		grpc.MaxSendMsgSize(math.MaxInt32),
	)
}
