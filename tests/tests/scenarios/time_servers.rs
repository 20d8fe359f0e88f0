//! Whom a node believes about the time: a server that proves who it is, and servers of which one lies.
//!
//! All of them run on the node itself: its loopback has as many addresses as it takes.

use anyhow::{Context, ensure};
use vm_tests::{Authority, Node, Stage, time_server};

use crate::config_change::config;

const NEW: &str = "/run/new.yaml";
/// How long chronyd may take until it has decided whom it believes. A handshake that takes longer than two seconds is given up, and
/// begun anew after 16, 32, 64… seconds.
const DECIDED_WITHIN: u64 = 600;
/// How far ahead the lying server is, in seconds, and how far the clock may be from where it was.
const LIE: i64 = 3 * 60 * 60;
const TOLERANCE: i64 = 60;
/// What chronyd says of a certificate that nobody vouches for.
const REFUSED: &str = "(localhost) failed : Error in the certificate verification";
/// The clock without the uptime: nothing but setting the clock changes it.
const STANDS: &str = "$(($(date +%s) - $(cut -d. -f1 /proc/uptime)))";
/// A server of NTS beside the node's own chronyd. It leaves the clock alone (`-x`), and keeps its user.
const SERVE: &str = "/usr/sbin/chronyd -x -u root -f /run/nts/server.conf -l /run/nts/log";
const SERVER: &str = "port 11123
ntsport 4460
ntsserverkey /run/nts/key.pem
ntsservercert /run/nts/certificate.pem
local stratum 3
allow
bindaddress 127.0.0.1
bindaddress ::1
cmdport 0
bindcmdaddress /
pidfile /run/nts/pid
";

pub(crate) fn time_servers_that_prove_themselves_and_that_lie(
    stage: &mut Stage,
) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    node.ssh(&format!("echo {STANDS} > /run/stood"))?;
    node.send_program(&time_server()?, "/run/time-server")?;
    node.ssh(&format!(
        "setsid /run/time-server 127.0.0.2={LIE} 127.0.0.3=0 127.0.0.4=0 > /run/time-server.log 2>&1 < /dev/null &"
    ))?;
    node.until("the time servers", 30, |node| {
        node.ssh("grep serving /run/time-server.log")
    })?;
    stage.judge(
        &mut node,
        &[
            ("a server with a certificate of `time.ca`", a_proof_is_taken),
            ("one liar of three", one_liar_of_three),
            ("one liar of two", one_liar_of_two),
            ("a liar alone, by default", a_liar_alone),
        ],
    )
}

fn apply(node: &Node, more: &str) -> anyhow::Result<()> {
    node.write(NEW, &config(node, more)?)?;
    node.ssh(&format!("holdfast config apply {NEW}"))?;
    Ok(())
}

/// And no longer when the configuration does not have the authority, or has another one: what was proven before is not kept.
fn a_proof_is_taken(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let [ours, other] = ["ours", "other"].map(Authority::make);
    let (ours, other) = (ours?, other?);
    let (certificate, key) = ours.server("localhost")?;
    node.ssh("mkdir -m 700 /run/nts")?;
    for (file, text) in [
        ("certificate.pem", certificate.as_str()),
        ("key.pem", key.as_str()),
        ("server.conf", SERVER),
    ] {
        node.write(&format!("/run/nts/{file}"), text)?;
    }
    node.ssh(SERVE)?;
    let with = |authority: &Authority| {
        // What JSON quotes, YAML reads.
        let ca = serde_json::to_string(authority.certificate())?;
        anyhow::Ok(format!("time: {{nts: true, ca: {ca}}}\n"))
    };
    apply_nts(node, &with(&ours)?)?;
    let proven = node.until("a server that proves itself", DECIDED_WITHIN, |node| {
        let said = node.ssh("chronyc -n authdata")?;
        // One of the addresses that the name has.
        let server = said.lines().find(|line| line.contains(" NTS "));
        let words: Vec<&str> = server.context("no server")?.split_whitespace().collect();
        // Address, mode, key, its kind and length, age, attempts, refused, cookies.
        let cookies = words.get(8).context("no cookies")?.parse::<u32>()?;
        ensure!(cookies > 0, "{said}");
        states(node, &[('*', words[0])])?;
        Ok(words.join(" "))
    })?;
    stage.note(format!("chronyc authdata: {proven}"));
    says(node, "kept by localhost")?;
    for (what, more) in [
        ("without `time.ca`", "time: {nts: true}\n".to_owned()),
        ("with another authority", with(&other)?),
    ] {
        is_refused(node, &more).with_context(|| what.to_owned())?;
    }
    node.ssh("kill $(cat /run/nts/pid)")?;
    Ok(())
}

fn apply_nts(node: &Node, more: &str) -> anyhow::Result<()> {
    apply(node, &format!("ntp_servers: [localhost]\n{more}"))
}

/// The log names the certificate, and the server is not asked for the time.
fn is_refused(node: &Node, more: &str) -> anyhow::Result<()> {
    let refusals = |node: &Node| -> anyhow::Result<usize> {
        Ok(node.ssh("holdfast logs time")?.matches(REFUSED).count())
    };
    let before = refusals(node)?;
    apply_nts(node, more)?;
    node.until("the certificate to be refused", DECIDED_WITHIN, |node| {
        let now = refusals(node)?;
        ensure!(now > before, "the log says so {now} times");
        Ok(())
    })?;
    says(
        node,
        "not kept: no time server of 1 has given an answer that counts",
    )?;
    let (_, said) = node.try_ssh("cat /etc/chrony/authorities.pem")?;
    let is_there = said.contains("BEGIN CERTIFICATE");
    ensure!(is_there == more.contains("ca:"), "authorities: {said}");
    Ok(())
}

fn one_liar_of_three(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    apply(
        node,
        "ntp_servers: [127.0.0.2, 127.0.0.3, 127.0.0.4]\ntime: {min_sources: 2}\n",
    )?;
    node.until("the liar to be found out", DECIDED_WITHIN, |node| {
        states(node, &[('x', "127.0.0.2")])?;
        states(node, &[('*', "127.0.0.3")]).or_else(|_| states(node, &[('*', "127.0.0.4")]))
    })?;
    says(node, "another time comes from 127.0.0.2")?;
    was_set_by(node, 0)?;
    node.wait_nodes(300)
}

fn one_liar_of_two(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    apply(
        node,
        "ntp_servers: [127.0.0.2, 127.0.0.3]\ntime: {min_sources: 2}\n",
    )?;
    node.until("both to be doubted", DECIDED_WITHIN, |node| {
        states(node, &[('x', "127.0.0.2"), ('x', "127.0.0.3")])
    })?;
    says(
        node,
        "not kept: time servers disagree: 127.0.0.2, 127.0.0.3",
    )?;
    was_set_by(node, 0)
}

/// Without it nobody would know that the liar was heard in the parts before.
fn a_liar_alone(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    apply(node, "ntp_servers: [127.0.0.2]\n")?;
    node.until("the clock to be set by a lie", DECIDED_WITHIN, |node| {
        was_set_by(node, LIE)
    })
}

/// What chronyd makes of servers: `*` is followed, `x` is wrong.
fn states(node: &Node, wanted: &[(char, &str)]) -> anyhow::Result<()> {
    let said = node.ssh("chronyc -n -c sources")?;
    for (state, server) in wanted {
        let line = format!("^,{state},{server},");
        ensure!(said.contains(&line), "no {line} in chronyc sources: {said}");
    }
    Ok(())
}

fn says(node: &Node, words: &str) -> anyhow::Result<()> {
    node.until(words, 120, |node| {
        let status = node.ssh("holdfast status")?;
        ensure!(status.contains(words), "holdfast status: {status}");
        Ok(())
    })
}

/// By how much somebody has set the clock since the beginning.
fn was_set_by(node: &Node, wanted: i64) -> anyhow::Result<()> {
    let by = node.ssh(&format!("echo $(({STANDS} - $(cat /run/stood)))"))?;
    let by: i64 = by.trim().parse()?;
    ensure!(
        (by - wanted).abs() < TOLERANCE,
        "the clock was set by {by} s"
    );
    Ok(())
}
