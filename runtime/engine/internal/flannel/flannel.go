// Package flannel runs flannel's importable packages as its main would, with
// the Kubernetes subnet manager and nftables: upstream's main is not a package.
package flannel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/flannel-io/flannel/pkg/backend"
	_ "github.com/flannel-io/flannel/pkg/backend/hostgw"    // backend "host-gw"
	_ "github.com/flannel-io/flannel/pkg/backend/vxlan"     // backend "vxlan"
	_ "github.com/flannel-io/flannel/pkg/backend/wireguard" // backend "wireguard"
	"github.com/flannel-io/flannel/pkg/ip"
	"github.com/flannel-io/flannel/pkg/ipmatch"
	"github.com/flannel-io/flannel/pkg/subnet"
	"github.com/flannel-io/flannel/pkg/subnet/kube"
	"github.com/flannel-io/flannel/pkg/trafficmngr/nftables"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 10 * time.Second
	pollCIDR   = 250 * time.Millisecond
	reportCIDR = 20 * time.Second
	// resync is how often upstream's iptables mode repairs its rules; the
	// nftables mode ignores it.
	resync = 5
)

// network is what one attempt to bring the pod network up has made.
type network struct {
	subnets subnet.Manager
	config  *subnet.Config
	backend backend.Network
}

// Run brings the pod network up and keeps it until ctx ends. What can pass (no
// API server, the node not registered, no pod CIDR yet) is tried again.
func Run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if err := checkConfig(o.netConfig); err != nil {
		return err
	}
	// The one way upstream's subnet manager takes the name from outside a pod.
	if err := os.Setenv("NODE_NAME", o.nodeName); err != nil {
		return err
	}
	pause := firstRetry
	for ctx.Err() == nil {
		if err = runOnce(ctx, o); ctx.Err() != nil {
			return nil
		}
		klog.ErrorS(err, "flannel: trying again", "after", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, lastRetry)
	}
	return nil
}

// checkConfig finds what no retry can mend.
func checkConfig(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read network configuration: %w", err)
	}
	config, err := subnet.ParseConfig(string(data))
	if err != nil {
		return fmt.Errorf("network configuration %s: %w", path, err)
	}
	if !config.EnableNFTables {
		return fmt.Errorf("network configuration %s: EnableNFTables is not true; this engine has no iptables mode", path)
	}
	return nil
}

// runOnce returns when ctx ends or when the network cannot be brought up; all
// that it started has ended then.
func runOnce(parent context.Context, o options) error {
	ctx, cancel := context.WithCancel(parent)
	var working sync.WaitGroup
	defer working.Wait()
	defer cancel()

	if err := awaitPodCIDR(ctx, o); err != nil {
		return err
	}
	up, err := bringUp(ctx, &working, o)
	if err != nil {
		return err
	}
	if err := direct(ctx, o, up); err != nil {
		return err
	}
	held := up.backend.Lease()
	if err := up.subnets.HandleSubnetFile(o.subnetFile, up.config, o.masquerade, held.Subnet, held.IPv6Subnet, up.backend.MTU()); err != nil {
		return fmt.Errorf("write %s: %w", o.subnetFile, err)
	}
	working.Go(func() { up.backend.Run(ctx) })
	if err := up.subnets.CompleteLease(ctx, held, &working); err != nil {
		return fmt.Errorf("complete lease: %w", err)
	}
	klog.InfoS("flannel: network up", "backend", up.config.BackendType, "subnet", held.Subnet, "mtu", up.backend.MTU())
	<-ctx.Done()
	return nil
}

// awaitPodCIDR waits until this node is registered and the controller-manager
// has given it its part of the pod network. Upstream would fail without it and
// be restarted, seconds later than needed.
func awaitPodCIDR(ctx context.Context, o options) error {
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	var last error
	assigned := func(ctx context.Context) (bool, error) {
		var node *corev1.Node
		node, last = client.CoreV1().Nodes().Get(ctx, o.nodeName, metav1.GetOptions{})
		if last == nil && node.Spec.PodCIDR == "" {
			last = errors.New("none assigned yet")
		}
		return last == nil, nil
	}
	if err := wait.PollUntilContextTimeout(ctx, pollCIDR, reportCIDR, true, assigned); err != nil {
		return fmt.Errorf("pod CIDR of node %s: %w", o.nodeName, last)
	}
	return nil
}

// bringUp takes this node's lease and makes the backend's interface.
func bringUp(ctx context.Context, working *sync.WaitGroup, o options) (*network, error) {
	subnets, err := kube.NewSubnetManager(ctx, "", o.kubeconfig, o.annotationPrefix, o.netConfig, o.setAvailable)
	if err != nil {
		return nil, fmt.Errorf("subnet manager: %w", err)
	}
	config, err := subnets.GetNetworkConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("network configuration: %w", err)
	}
	external, err := externalInterface(ctx, subnets, config, o)
	if err != nil {
		return nil, err
	}
	kind, err := backend.NewManager(ctx, subnets, external).GetBackend(config.BackendType)
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", config.BackendType, err)
	}
	registered, err := kind.RegisterNetwork(ctx, working, config)
	if err != nil {
		return nil, fmt.Errorf("register network: %w", err)
	}
	return &network{subnets: subnets, config: config, backend: registered}, nil
}

// externalInterface finds the interface for traffic between nodes: the given
// ones in their order, else the one that reaches an address, else the default
// route's. Addresses in the node's annotations win over the flags.
func externalInterface(ctx context.Context, subnets subnet.Manager, config *subnet.Config, o options) (*backend.ExternalInterface, error) {
	stack, err := ipmatch.GetIPFamily(config.EnableIPv4, config.EnableIPv6)
	if err != nil {
		return nil, err
	}
	public := ipmatch.PublicIPOpts{PublicIP: o.publicIP, PublicIPv6: o.publicIPv6}
	stored, storedIPv6 := subnets.GetStoredPublicIP(ctx)
	if stored != "" {
		public.PublicIP = stored
	}
	if storedIPv6 != "" {
		public.PublicIPv6 = storedIPv6
	}
	candidates := o.interfaces
	if len(candidates) == 0 && o.canReach == "" {
		candidates = list{public.PublicIP}
		if public.PublicIP == "" {
			candidates = list{public.PublicIPv6}
		}
	}
	var failures []error
	for _, name := range candidates {
		found, err := ipmatch.LookupExtIface(name, "", "", stack, public)
		if err == nil {
			return found, nil
		}
		failures = append(failures, err)
	}
	if o.canReach != "" {
		found, err := ipmatch.LookupExtIface("", "", o.canReach, stack, public)
		if err == nil {
			return found, nil
		}
		failures = append(failures, err)
	}
	return nil, fmt.Errorf("find interface between nodes: %w", errors.Join(failures...))
}

// direct writes the nftables rules.
func direct(ctx context.Context, o options, up *network) error {
	rules := &nftables.NFTablesManager{}
	if err := rules.Init(ctx); err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	if o.masquerade {
		// The previous subnet and network matter to the iptables mode only.
		err := rules.SetupAndEnsureMasqRules(ctx,
			up.config.Network, ip.IP4Net{}, ip.IP4Net{},
			up.config.IPv6Network, ip.IP6Net{}, ip.IP6Net{},
			up.backend.Lease(), resync, false)
		if err != nil {
			return fmt.Errorf("masquerade: %w", err)
		}
	}
	if o.forwardRules {
		rules.SetupAndEnsureForwardRules(ctx, up.config.Network, up.config.IPv6Network, resync)
	}
	return nil
}
