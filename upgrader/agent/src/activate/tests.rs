use super::{all_or_nothing, behind, put_on_trial, refuse_failing, restart};
use crate::node::tests::Stage;
use crate::trial::break_off;
use anyhow::bail;
use init_api::{Asker, HealthCheck, paths};
use slots::EntryName;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use upgrade_api::{Happened, StagedRelease};

/// Every way to restart, and everything that can fail after the trial is on record: nothing of it stays.
#[test]
fn what_cannot_be_begun_to_its_end_is_undone() {
    for (case, wanted, rollback, files) in [
        (
            "an upgrade",
            "2.0.0",
            false,
            ["holdfast_1.5.0.efi", "holdfast_2.0.0.efi.new"],
        ),
        (
            "an upgrade to what the boot loader takes for older",
            "1.0.0",
            false,
            ["holdfast_1.0.0.efi.new", "holdfast_1.5.0.efi"],
        ),
        (
            "a way back to an older one",
            "1.0.0",
            true,
            ["holdfast_1.0.0.efi", "holdfast_1.5.0.efi"],
        ),
        (
            "a way back to a newer one",
            "2.0.0",
            true,
            ["holdfast_1.5.0.efi", "holdfast_2.0.0+0.efi"],
        ),
    ] {
        for full in [false, true] {
            let stage = Stage::new("1.5.0", &files);
            let Stage { node, boot, .. } = &stage;
            let trial = stage.trial(wanted, rollback);
            let name: EntryName = trial.release.entry.parse().expect("a name");
            if full {
                // The record takes no writes any more, as on state that is full.
                fs::create_dir_all(stage.record_path()).expect("folder");
            }
            let begin = |node: &_| {
                let running = behind(node, boot, &name)?;
                put_on_trial(node, boot, node.record(), &trial, running.as_ref())?;
                // No PID 1 listens here.
                restart(node, Asker::Upgrade, &trial.release)?;
                Ok(String::new())
            };
            let broken_off =
                |pending: &_, why: &str| break_off(node, boot, pending, vec![why.to_owned()]);
            let error = all_or_nothing(node, begin, broken_off).expect_err("it cannot begin");
            let said = format!("{error:#}");
            let expected = match full {
                true => "cannot write down that the release is tried",
                false => "init.sock",
            };
            assert!(said.contains(expected), "{case}: {said}");
            assert_eq!(node.pending().expect("readable"), None, "{case}, {full}");
            assert_eq!(stage.files(), files, "{case}, {full}");
            if !full {
                let last = node.record().events.pop().expect("an event");
                assert_eq!(
                    (last.what, last.details),
                    (Happened::BrokenOff, vec![said]),
                    "{case}"
                );
            }
        }
    }
}

#[test]
fn a_trial_that_goes_on_is_left_alone() {
    let stage = Stage::new("1.0.0", &["holdfast_1.0.0.efi"]);
    let trial = stage.trial("2.0.0", false);
    stage.node.begin_trial(&trial).expect("written");
    let begin = |_: &_| bail!("nothing is begun");
    let refused = all_or_nothing(&stage.node, begin, |_, _| panic!("it is not ours"));
    let said = refused.expect_err("on trial").to_string();
    assert!(said.contains("is on trial"), "{said}");
    assert_eq!(stage.node.pending().expect("readable"), Some(trial));
}

#[test]
fn what_cannot_be_undone_stays_on_record_and_is_said() {
    let stage = Stage::new("1.0.0", &["holdfast_1.0.0.efi"]);
    let trial = stage.trial("2.0.0", false);
    let begin = |node: &crate::node::Node| {
        node.begin_trial(&trial)?;
        bail!("the entry cannot be renamed")
    };
    let error = all_or_nothing(&stage.node, begin, |_, _| bail!("not even now"));
    assert_eq!(
        format!("{:#}", error.expect_err("neither")),
        "the entry cannot be renamed; and that cannot be undone yet: not even now"
    );
    assert!(stage.node.pending().expect("readable").is_some());
}

/// A check that fails already says nothing of the release.
#[tokio::test]
async fn a_check_that_fails_already_keeps_the_node_from_restarting() {
    let stage = Stage::new("1.0.0", &["holdfast_1.0.0.efi"]);
    let folder = stage.node.path(paths::CHECKS);
    fs::create_dir_all(&folder).expect("folder");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("executable");
    };
    write("good", "#!/bin/sh\nexit 0\n");
    write(
        "tills",
        "#!/bin/sh\necho the tills do not answer >&2\nexit 3\n",
    );
    let check = |name: &str| HealthCheck::Command { name: name.into() };
    let (good, bad) = (
        [check("good")],
        [check("good"), check("tills"), check("good")],
    );
    let refused = async |checks: &[HealthCheck]| {
        let refused = refuse_failing(&stage.node, checks).await;
        refused.map_err(|error| error.to_string())
    };
    assert_eq!(refused(&bad).await, Ok(()), "nothing is staged");
    let mut record = stage.node.record();
    record.staged = Some(StagedRelease {
        release: stage.trial("2.0.0", false).release,
        uki_sha256: String::new(),
        root_size: 0,
        brought: None,
    });
    stage.node.store_record(&record).expect("stored");
    assert_eq!(refused(&good).await, Ok(()));
    let said = refused(&bad).await.expect_err("it fails");
    assert!(
        said.starts_with("check /etc/holdfast/checks/tills: ")
            && said.contains("the tills do not answer")
            && said.contains("; it fails already before the upgrade"),
        "{said}"
    );
    let said = refused(&[check("gone")]).await.expect_err("not there");
    assert!(said.contains("is not on this node"), "{said}");
    assert_eq!(stage.node.pending().expect("readable"), None);
}
