//! The base table of the packet filter: as rendered, as nft reads it, and as it behaves between network namespaces.

use crate::node::TestNode;
use std::path::PathBuf;
use std::process::{Command, Output};

const PLAIN: &str = "version: 1\n";
const CHOSEN: &str = "\
version: 1
kubernetes: {pod_cidr: 10.50.0.0/16, service_cidr: 10.51.0.0/16}
network:
  firewall:
    ssh_from: [192.168.1.0/24, 192.168.1.7/32, \"2001:db8::/64\"]
    api_from: []
    kubelet_from: 10.9.0.0/16
    pods_from: [192.168.7.0/24]
";
const OFF: &str = "version: 1\nnetwork: {firewall: {enabled: false}}\n";

fn configured(text: &str) -> (TestNode, PathBuf) {
    let node = TestNode::new(text);
    node.configure();
    let file = node
        .directory
        .path()
        .join(init_api::paths::FIREWALL.trim_start_matches('/'));
    (node, file)
}

#[test]
fn the_table_is_as_it_was_looked_at() {
    let read = |text| std::fs::read_to_string(configured(text).1).expect("the file");
    let all = [PLAIN, CHOSEN, OFF].map(read).join("\n=====\n");
    insta::assert_snapshot!(all);
}

/// A shell that is root in a user and network namespace of its own.
fn isolated(script: &str, arguments: &[&PathBuf]) -> Output {
    Command::new("unshare")
        .args(["--map-root-user", "--net", "--fork", "--kill-child"])
        .args(["bash", "-eu", "-c", script, "bash"])
        .args(arguments)
        .output()
        .expect("unshare runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn nft_takes_it_and_takes_it_again() {
    for text in [PLAIN, CHOSEN, OFF] {
        let (_node, file) = configured(text);
        let script = "nft -c -f $1; nft -f $1; nft -f $1; nft list ruleset";
        let output = isolated(script, &[&file]);
        assert!(output.status.success(), "{text}{}", said(&output));
        let listed = said(&output).contains("chain through");
        assert_eq!(listed, text != OFF, "{text}{}", said(&output));
    }
    // Switched off, nothing of what was on stays.
    let (_on, on) = configured(PLAIN);
    let (_off, off) = configured(OFF);
    let output = isolated("nft -f $1; nft -f $2; nft list ruleset", &[&on, &off]);
    assert_eq!(
        (output.status.success(), said(&output)),
        (true, String::new())
    );
}

/// The node with a pod behind `cni0` and a neighbour on each of two cards, each in a network namespace; both neighbours have a
/// route to all that is behind the node.
const NETWORK: &str = r#"
# What is left running would hold the output open.
trap 'kill $(jobs -p)' EXIT
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1
attach() { # name of the card, address of the node on it, of the other side
  unshare --net sleep 300 & pid=$!
  until [ "$(readlink /proc/$pid/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do :; done
  ip link add "$1" type veth peer name far
  ip link set far netns $pid
  ip address add "$2/24" dev "$1"
  ip link set "$1" up
  nsenter -t $pid -n ip link set lo up
  nsenter -t $pid -n ip address add "$3/24" dev far
  nsenter -t $pid -n ip link set far up
  nsenter -t $pid -n ip route add default via "$2"
}
attach cni0 10.42.0.1 10.42.0.2; pod=$pid
attach card1 192.168.1.1 192.168.1.2; near=$pid
attach card2 192.168.2.1 192.168.2.2; other=$pid
# What kube-proxy does: a node port, and a Service's address.
nft -f - <<'END'
table ip services {
  chain changed {
  type nat hook prerouting priority dstnat
  ip daddr 192.168.1.1 tcp dport 31000 dnat to 10.42.0.2:80
  ip daddr 10.43.0.10 dnat to 10.42.0.2
  ip daddr 10.43.0.11 dnat to 192.168.2.2
  }
}
END
"#;

/// Prints who reaches whom, without the table and with it.
const LOOK: &str = r#"
# Nobody listens anywhere: whoever is reached refuses at once, and what is dropped is waited for.
reaches() { # who, address, port, what it is called
  code=0; nsenter -t $1 -n timeout 1 bash -c "</dev/tcp/$2/$3" 2>/dev/null || code=$?
  [ $code = 124 ] || echo "$4"
}
look() {
  reaches $near 10.42.0.2 80 "a neighbour a pod's own address"
  reaches $near 10.43.0.10 80 "a neighbour a Service's address"
  reaches $near 192.168.2.2 80 "a neighbour the other card's network"
  reaches $near 192.168.1.1 31000 "a neighbour a node port"
  reaches $other 10.42.0.2 80 "another network a pod's own address"
  reaches $pod 192.168.2.2 80 "a pod a neighbour"
  reaches $pod 10.43.0.11 80 "a pod a Service's address"
  reaches $near 192.168.1.1 22 "a neighbour ssh"
  reaches $other 192.168.1.1 22 "another network ssh"
  reaches $near 192.168.1.1 6443 "a neighbour the API"
  reaches $pod 192.168.1.1 6443 "a pod the API"
  reaches $near 192.168.1.1 10250 "a neighbour the kubelet"
}
echo before; look
echo after; nft -f "$1"; look
"#;

#[test]
fn who_reaches_whom() {
    let all = [
        "a neighbour a pod's own address",
        "a neighbour a Service's address",
        "a neighbour the other card's network",
        "a neighbour a node port",
        "another network a pod's own address",
        "a pod a neighbour",
        "a pod a Service's address",
        "a neighbour ssh",
        "another network ssh",
        "a neighbour the API",
        "a pod the API",
        "a neighbour the kubelet",
    ];
    let closed = [all[0], all[1], all[2], all[4]];
    let by_source = "\
version: 1
network: {firewall: {ssh_from: 192.168.1.0/24, api_from: [], kubelet_from: 10.9.0.0/16, pods_from: 192.168.2.0/24}}
";
    let cases = [
        (PLAIN, closed.to_vec()),
        (OFF, Vec::new()),
        (
            by_source,
            vec![all[0], all[1], all[2], all[8], all[9], all[11]],
        ),
    ];
    for (text, dropped) in cases {
        let (_node, file) = configured(text);
        let output = isolated(&format!("{NETWORK}{LOOK}"), &[&file]);
        let said = said(&output);
        let (before, after) = said
            .split_once("after\n")
            .unwrap_or_else(|| panic!("{said}"));
        let lines = |text: &str| -> Vec<String> {
            text.lines()
                .filter(|line| *line != "before")
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(lines(before), all, "without the table: {said}");
        let reached: Vec<_> = all.iter().filter(|line| !dropped.contains(line)).collect();
        assert_eq!(lines(after).iter().collect::<Vec<_>>(), reached, "{text}");
    }
}

/// A pod that sends to ever more ports, then by an address that is not its own; and what another pod can do meanwhile. Prints how many
/// connections the node tracks after each.
const FLOOD: &str = r#"
send() { # how many, from which address, to which ports on
  nsenter -t $pod -n ip route replace default via 10.42.0.1 src "$2"
  nsenter -t $pod -n bash -c '
    for ((n = 0; n < $1; n++)); do echo > /dev/udp/192.168.2.2/$(($2 + n)); done 2>/dev/null
  ' bash "$1" "$3" || true
  cat /proc/sys/net/netfilter/nf_conntrack_count
}
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.cni0.rp_filter=0
nsenter -t $pod -n ip address add 10.42.0.3/24 dev far
nsenter -t $pod -n ip address add 10.99.0.1/32 dev far
nft -f "$1"
send 60 10.42.0.2 1000
send 60 10.99.0.1 2000
send 5 10.42.0.3 3000
# For the keeper.
nft -j list set inet holdfast pods_refused 2>/dev/null | grep -o '"val": "[^"]*"' || true
"#;

#[test]
fn a_pod_has_its_share_of_the_connections_and_no_more() {
    // A part of 640 is 20.
    let small = "version: 1\nsysctls: {net.netfilter.nf_conntrack_max: 640}\n";
    let off = format!("{small}network: {{firewall: {{enabled: false}}}}\n");
    for (text, expected) in [
        (small, "20\n20\n25\n\"val\": \"10.42.0.2\"\n"),
        (&off, "60\n120\n125\n"),
    ] {
        let (_node, file) = configured(text);
        let output = isolated(&format!("{NETWORK}{FLOOD}"), &[&file]);
        assert_eq!(said(&output), expected, "{text}");
    }
}
