// Command zo-kube is a whole Kubernetes in one static binary: the name it is
// started under chooses the component. Sharing one binary shares the link and
// most of the build, which is what makes a cold start affordable.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	_ "time/tzdata" // the CronJob controller looks time zones up

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

var servers = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-proxy":              proxy.NewProxyCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
}

// printSigningKey writes a fresh private key for service account tokens, so that the cluster needs no openssl.
func printSigningKey() {
	key, err := keyutil.MakeEllipticPrivateKeyPEM()
	if err == nil {
		_, err = os.Stdout.Write(key)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "zo-kube: no key: %v\n", err)
		os.Exit(1)
	}
}

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "zo-key":
		printSigningKey()
	case "etcd":
		etcdmain.Main(os.Args)
	case "kubectl":
		kubectlutil.CheckErr(cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
	default:
		server, known := servers[name]
		if !known {
			fmt.Fprintf(os.Stderr, "zo-kube: %q is not a component; start it by a symbolic link of the component's name\n", name)
			os.Exit(2)
		}
		os.Exit(cli.Run(server()))
	}
}
