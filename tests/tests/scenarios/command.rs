//! What `make vm` and the pieces of it do.

use std::time::Duration;

use anyhow::ensure;
use machine::Deadline;
use vm_tests::{Stage, VmCommand};

/// How all begins that the workload of the sample says.
const HELLO: &str = "hello from ";
/// ssh's own exit code.
const NO_CONNECTION: i32 = 255;
const READY: [&str; 4] = ["--wait-ready", "--wait-workloads", "--timeout", "15m"];

pub(crate) fn the_command_keeps_a_machine(stage: &mut Stage) -> anyhow::Result<()> {
    let vm = VmCommand::build()?;
    let (code, said) = vm.run(&["kubectl", "--", "version"])?;
    ensure!(
        code == 4 && said.contains("--name by-command up"),
        "no machine yet: {code}: {said}"
    );
    let sample = ["--config", "docs/examples/vm.yaml", "--offline"];
    let (code, said) = vm.up(&[&sample[..], &READY].concat())?;
    ensure!(
        code == 0 && said.contains("The node is Ready, "),
        "up: {code}: {said}"
    );
    stage.note(
        said.lines()
            .rfind(|line| line.contains("Ready, "))
            .unwrap_or_default(),
    );
    // Follows until so much was said.
    let bytes = format!("--limit-bytes={}", HELLO.len());
    let logs = ["kubectl", "--", "logs", "--follow", &bytes];
    let hello = vm.succeed(&[&logs[..], &["--request-timeout=2m", "deployment/hello"]].concat())?;
    ensure!(hello == HELLO, "the workload says {hello:?}");
    let (code, said) = vm.run(&["kubectl", "--", "get", "nonsense"])?;
    ensure!(code == 1, "kubectl's own exit code: {code}: {said}");
    vm.succeed(&["ssh", "--", "echo kept > /var/probe && sync"])?;
    let (code, said) = vm.run(&["ssh", "--", "exit 7"])?;
    ensure!(code == 7, "ssh's own exit code: {code}: {said}");

    let said = vm.succeed(&["stop"])?;
    ensure!(said.contains("has shut down"), "stop: {said}");
    let (code, said) = vm.run(&["ssh", "--", "true"])?;
    ensure!(code == 4, "ssh to a machine that is off: {code}: {said}");

    let (code, said) = vm.up(&["--wait-ready", "--timeout", "1s"])?;
    ensure!(
        code == 3 && said.contains("The machine goes on"),
        "no time: {code}: {said}"
    );
    let (code, said) = once_it_lets_in(&vm, "cat /var/probe")?;
    ensure!(
        code == 0 && said == "kept\n",
        "the disk has {code}: {said:?}"
    );

    let (code, said) = vm.up(&["--fresh", "--offline"])?;
    ensure!(code == 0, "a new machine: {code}: {said}");
    let (code, said) = once_it_lets_in(&vm, "cat /var/probe")?;
    ensure!(code == 1, "the old disk is still there: {code}: {said}");
    Ok(())
}

/// What a command on the machine ends with and says, as soon as ssh lets in. That a machine becomes Ready again is another scenario's.
fn once_it_lets_in(vm: &VmCommand, command: &str) -> anyhow::Result<(i32, String)> {
    let deadline = Deadline::minutes(10);
    loop {
        let answer = vm.run(&["ssh", "--", command])?;
        if answer.0 != NO_CONNECTION || deadline.passed() {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_secs(2));
    }
}
