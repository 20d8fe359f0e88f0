// Command driver is a CSI driver that can do nothing but register itself with
// a kubelet: `driver SOCKET` announces the driver proof.holdfast.dev in the
// folder that kubelets watch, serves both calls of a registration, prints what
// the kubelet makes of it, and serves on until it is ended: a kubelet forgets a
// driver whose answer it does not get.
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const name = "proof.holdfast.dev"

type driver struct {
	csi.UnimplementedNodeServer
	registration.UnimplementedRegistrationServer
	socket string
}

func (d *driver) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type: registration.CSIPlugin, Name: name, Endpoint: d.socket, SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (d *driver) NotifyRegistrationStatus(_ context.Context, status *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	if !status.PluginRegistered {
		fmt.Println("the kubelet refuses:", status.Error)
	} else {
		fmt.Println("registered", name)
	}
	return &registration.RegistrationStatusResponse{}, nil
}

func (d *driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: "here"}, nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "driver:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: driver SOCKET")
	}
	listener, err := net.Listen("unix", args[0])
	if err != nil {
		return err
	}
	d := &driver{socket: args[0]}
	server := grpc.NewServer()
	csi.RegisterNodeServer(server, d)
	registration.RegisterRegistrationServer(server, d)
	return server.Serve(listener)
}
