//! Foreign programs.

use disk::Sector;
use disk::gpt::Extent;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a judge to a good end; what it said.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    said
}

/// The partition table is whole: `sgdisk` takes files for disks with sectors of 512 bytes, `fdisk` can be told.
pub(crate) fn table(disk: &Path, sector: Sector) {
    let path = disk.to_str().expect("a plain path");
    let (said, good) = match sector {
        Sector::Bytes512 => (run("sgdisk", &["-v", path]), "No problems found"),
        Sector::Bytes4096 => {
            let mut fdisk = Command::new("fdisk")
                .args(["--sector-size", "4096", "--color=never", path])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("fdisk");
            let mut input = fdisk.stdin.take().expect("a pipe");
            input.write_all(b"v\nq\n").expect("fdisk reads");
            drop(input);
            let output = fdisk.wait_with_output().expect("fdisk ends");
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            (said, "No errors detected.")
        }
    };
    assert!(said.contains(good) && !said.contains("corrupt"), "{said}");
}

/// A partition as a file of its own.
pub(crate) fn partition(disk: &Path, extent: Extent, to: &Path) {
    let mib = 1 << 20;
    let arguments = [
        format!("if={}", disk.display()),
        format!("of={}", to.display()),
        "bs=1M".to_owned(),
        "conv=sparse".to_owned(),
        "status=none".to_owned(),
        format!("skip={}", extent.offset / mib),
        format!("count={}", extent.size / mib),
    ];
    run("dd", &arguments.each_ref().map(String::as_str));
}
