package flannel

import (
	"errors"
	"flag"
	"fmt"
	"strings"
)

// options are the flags that are supported, named as flanneld names them;
// node-name stands for its environment variable NODE_NAME.
type options struct {
	kubeconfig       string
	nodeName         string
	annotationPrefix string
	netConfig        string
	subnetFile       string
	interfaces       list
	canReach         string
	publicIP         string
	publicIPv6       string
	masquerade       bool
	forwardRules     bool
	setAvailable     bool
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("flanneld", flag.ContinueOnError)
	flags.StringVar(&o.kubeconfig, "kubeconfig-file", "", "kubeconfig to reach the API server with")
	flags.StringVar(&o.nodeName, "node-name", "", "name of this node")
	flags.StringVar(&o.annotationPrefix, "kube-annotation-prefix", "flannel.alpha.coreos.com", "prefix of the node annotations")
	flags.StringVar(&o.netConfig, "net-config-path", "/etc/kube-flannel/net-conf.json", "network configuration; must have EnableNFTables")
	flags.StringVar(&o.subnetFile, "subnet-file", "/run/flannel/subnet.env", "file to write subnet and MTU to")
	flags.Var(&o.interfaces, "iface", "interface name or address for traffic between nodes; several: the first that exists")
	flags.StringVar(&o.canReach, "iface-can-reach", "", "take the interface that reaches this address")
	flags.StringVar(&o.publicIP, "public-ip", "", "IPv4 address that other nodes reach this one by")
	flags.StringVar(&o.publicIPv6, "public-ipv6", "", "IPv6 address that other nodes reach this one by")
	flags.BoolVar(&o.masquerade, "ip-masq", false, "masquerade traffic that leaves the pod network")
	flags.BoolVar(&o.forwardRules, "iptables-forward-rules", true, "accept forwarding from and to the pod network")
	flags.BoolVar(&o.setAvailable, "set-node-network-unavailable", true, "set the node's condition NetworkUnavailable to false")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("takes flags only, got %q", flags.Args())
	case o.kubeconfig == "":
		return o, errors.New("kubeconfig-file: missing")
	case o.nodeName == "":
		return o, errors.New("node-name: missing")
	}
	return o, nil
}
