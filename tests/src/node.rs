//! A machine in a scenario, as the node it becomes.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use machine::{Deadline, Error, Event, Kubectl, Line, Running, Vm};

/// The namespace that Kubernetes keeps its containers in.
const NAMESPACE: &str = "k8s.io";

/// A machine that is on. It goes off with its stage, not with this value, so that a failure's traces can be fetched
/// from it.
#[derive(Debug)]
pub struct Node {
    running: Running,
}

impl Node {
    pub(crate) fn new(running: Running) -> Self {
        Self { running }
    }

    pub(crate) fn running(&self) -> &Running {
        &self.running
    }

    pub(crate) fn into_running(self) -> Running {
        self.running
    }

    /// The machine.
    #[must_use]
    pub fn vm(&self) -> &Vm {
        self.running.vm()
    }

    /// Pulls the stick out.
    ///
    /// # Errors
    /// When there is none.
    pub fn pull_stick(&self) -> anyhow::Result<()> {
        Ok(self.running.pull_stick()?)
    }

    /// Plugs the stick in again.
    ///
    /// # Errors
    /// When it is in.
    pub fn plug_stick(&self) -> anyhow::Result<()> {
        Ok(self.running.plug_stick()?)
    }

    /// Pulls the install stick out.
    ///
    /// # Errors
    /// When there is none.
    pub fn pull_install_stick(&self) -> anyhow::Result<()> {
        Ok(self.running.pull_install_stick()?)
    }

    /// Waits until the console says the node is Ready, and returns after how long.
    ///
    /// # Errors
    /// When `minutes` pass first, or the console says that it will not be, or Kubernetes failed on the way and only its
    /// restart made the node Ready.
    pub fn wait_ready(&mut self, minutes: u64) -> anyhow::Result<Duration> {
        self.watch_ready(minutes, |_| ())
    }

    /// Like [`Node::wait_ready`]; `each` sees the lines of PID 1 on the console meanwhile.
    ///
    /// # Errors
    /// Those of [`Node::wait_ready`].
    pub fn watch_ready(
        &mut self,
        minutes: u64,
        mut each: impl FnMut(&Line),
    ) -> anyhow::Result<Duration> {
        let mut failed = Vec::new();
        let took = self
            .running
            .wait_ready(Deadline::minutes(minutes), |line, event| {
                each(line);
                if is_engine_failure(event) {
                    failed.push(line.text.clone());
                }
            })?;
        ensure!(failed.is_empty(), "Ready only after {failed:?}");
        Ok(took)
    }

    /// Like [`Node::wait_ready`], for a machine in trouble that shall get out of it: in maintenance mode, or with services that
    /// fail.
    ///
    /// # Errors
    /// When `minutes` pass first.
    pub fn wait_cured(&mut self, minutes: u64) -> anyhow::Result<()> {
        self.wait_for_event("the node to be Ready", minutes * 60, |event| {
            matches!(event, Event::Ready { .. }).then_some(())
        })
    }

    /// Waits for a line of the console that contains `text`.
    ///
    /// # Errors
    /// When `seconds` pass first, or the machine ends.
    pub fn wait_for_text(&mut self, text: &str, seconds: u64) -> anyhow::Result<Line> {
        Ok(self.running.wait_for_text(text, Deadline::secs(seconds))?)
    }

    /// Like [`Node::wait_for_text`]; `each` sees the lines of the console meanwhile.
    ///
    /// # Errors
    /// Those of [`Node::wait_for_text`].
    pub fn watch_text(
        &mut self,
        text: &str,
        seconds: u64,
        mut each: impl FnMut(&Line),
    ) -> anyhow::Result<()> {
        let deadline = Deadline::secs(seconds);
        self.running.wait_for(text, deadline, |line| {
            each(line);
            line.text.contains(text).then_some(())
        })?;
        Ok(())
    }

    /// Waits for a line of PID 1 on the console that `matcher` accepts.
    ///
    /// # Errors
    /// When `seconds` pass first, or the machine ends.
    pub fn wait_for_event<T>(
        &mut self,
        what: &str,
        seconds: u64,
        mut matcher: impl FnMut(&Event) -> Option<T>,
    ) -> anyhow::Result<T> {
        let deadline = Deadline::secs(seconds);
        Ok(self
            .running
            .wait_for(what, deadline, |line| matcher(&line.event()?))?
            .1)
    }

    /// Waits until the machine has ended by itself.
    ///
    /// # Errors
    /// When `seconds` pass first.
    pub fn wait_for_end(&mut self, seconds: u64) -> anyhow::Result<()> {
        match self
            .running
            .wait_for("its end", Deadline::secs(seconds), |_| None::<()>)
        {
            Err(Error::Ended { .. }) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// All that the console has said in this run, up to what was waited for.
    #[must_use]
    pub fn console(&self) -> String {
        self.running
            .console()
            .lines()
            .iter()
            .map(|line| line.text.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Runs a command line on the node and returns what it printed.
    ///
    /// # Errors
    /// When ssh cannot get in, or the command fails.
    pub fn ssh(&self, line: &str) -> anyhow::Result<String> {
        Ok(self.running.ssh()?.run(line)?)
    }

    /// Runs a command line on the node and returns exit code and everything it printed.
    ///
    /// # Errors
    /// When ssh cannot be started.
    pub fn try_ssh(&self, line: &str) -> anyhow::Result<(i32, String)> {
        let output = self.running.ssh()?.try_run(line)?;
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        Ok((output.status.code().unwrap_or(-1), text.into_owned()))
    }

    /// Writes `text` into a file on the node.
    ///
    /// # Errors
    /// When ssh cannot get in, or the file cannot be written.
    pub fn write(&self, file: &str, text: &str) -> anyhow::Result<()> {
        let here = self.vm().dir().join("to-send");
        std::fs::write(&here, text).with_context(|| format!("cannot write {}", here.display()))?;
        self.running.ssh()?.send(&here, &format!("cat > {file}"))?;
        Ok(())
    }

    /// Copies a program to the node.
    ///
    /// # Errors
    /// When ssh cannot get in, or the file cannot be written.
    pub fn send_program(&self, program: &Path, to: &str) -> anyhow::Result<()> {
        let line = format!("cat > {to} && chmod 700 {to}");
        self.running.ssh()?.send(program, &line)?;
        Ok(())
    }

    /// Loads a container image from an archive on the host.
    ///
    /// # Errors
    /// When containerd refuses it.
    pub fn import(&self, archive: &Path) -> anyhow::Result<()> {
        self.running
            .ssh()?
            .send(archive, &format!("ctr -n {NAMESPACE} images import -"))?;
        Ok(())
    }

    /// The way to its API.
    ///
    /// # Errors
    /// When no kubeconfig can be had.
    pub fn kubectl(&self) -> anyhow::Result<Kubectl> {
        Ok(self.running.kubectl()?)
    }

    /// Waits until the packaged workloads are available.
    ///
    /// # Errors
    /// When they are not within ten minutes; the message shows the pods.
    pub fn wait_for_system(&self) -> anyhow::Result<()> {
        self.wait_available("kube-system", "deployments --all")
    }

    /// Waits until `what` (words of `kubectl wait`) in `namespace` is available.
    ///
    /// # Errors
    /// When it is not within ten minutes; the message shows the pods.
    pub fn wait_available(&self, namespace: &str, what: &str) -> anyhow::Result<()> {
        let mut words = vec![
            "wait",
            "--for=condition=Available",
            "--timeout=600s",
            "-n",
            namespace,
        ];
        words.extend(what.split(' '));
        self.kubectl_wait(&words)
    }

    /// Waits until the cluster says that all its nodes are Ready. An API that has just begun knows of no nodes yet.
    ///
    /// # Errors
    /// When it does not within so many seconds; the message shows the pods.
    pub fn wait_nodes(&self, seconds: u64) -> anyhow::Result<()> {
        let wait = [
            "wait",
            "--for=condition=Ready",
            "--timeout=30s",
            "nodes",
            "--all",
        ];
        self.until("all nodes to be Ready", seconds, |node| {
            node.kubectl_wait(&wait)
        })
    }

    /// Runs `kubectl wait` with `words`.
    ///
    /// # Errors
    /// When the condition does not come true; the message shows the pods.
    pub fn kubectl_wait(&self, words: &[&str]) -> anyhow::Result<()> {
        let kubectl = self.kubectl()?;
        let Err(error) = kubectl.run(words) else {
            return Ok(());
        };
        let pods = kubectl
            .run(&["get", "pods", "-A", "-o", "wide"])
            .unwrap_or_default();
        let events = kubectl
            .run(&["get", "events", "-A", "--sort-by=.lastTimestamp"])
            .unwrap_or_default();
        let events: Vec<&str> = events.lines().rev().take(15).collect();
        bail!("{error}\n{pods}\n{}", events.join("\n"))
    }

    /// Asks `question` again every other second until it answers, for the few things that nobody announces.
    ///
    /// # Errors
    /// When `seconds` pass first; the message carries the last refusal.
    pub fn until<T>(
        &self,
        what: &str,
        seconds: u64,
        mut question: impl FnMut(&Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let deadline = Deadline::secs(seconds);
        loop {
            match question(self) {
                Ok(answer) => return Ok(answer),
                Err(error) if deadline.passed() => {
                    return Err(error)
                        .with_context(|| format!("waited {seconds} s for {what}, in vain"));
                }
                Err(_) => std::thread::sleep(Duration::from_secs(2)),
            }
        }
    }

    /// Lets `length` go by while the console is read; `each` sees its lines.
    ///
    /// # Errors
    /// When the machine ends before.
    pub fn let_run(&mut self, length: Duration, each: impl FnMut(&Line)) -> anyhow::Result<()> {
        Ok(self.running.let_run(length, each)?)
    }

    /// Reboots in order and waits for the Ready node.
    ///
    /// # Errors
    /// When it does not come back within `minutes`.
    pub fn reboot(&mut self, minutes: u64) -> anyhow::Result<Duration> {
        self.reboot_by("holdfast reboot")?;
        self.wait_ready(minutes)
    }

    /// Runs a command line that reboots the machine, and waits until the next boot has begun.
    ///
    /// # Errors
    /// When the command fails, or no boot begins.
    pub fn reboot_by(&mut self, line: &str) -> anyhow::Result<()> {
        // The connection may be cut before the command's own exit code arrives.
        let (code, said) = self.try_ssh(line)?;
        ensure!(code == 0 || code == 255, "{line}: exit code {code}: {said}");
        self.next_boot()
    }

    /// Waits until the next boot has begun: what the console said before must not be taken for its words, nor the cluster before
    /// for its cluster.
    ///
    /// # Errors
    /// When none begins.
    pub fn next_boot(&mut self) -> anyhow::Result<()> {
        self.running.forget_cluster()?;
        self.wait_for_event("the new boot's first phase", 300, |event| {
            matches!(event, Event::Phase { at, .. } if *at < 15.0).then_some(())
        })
    }

    /// Holds a key down at the serial console until it shows `text`, then types `keys`; gives when a kernel starts.
    ///
    /// # Errors
    /// When it is not shown in time, nothing starts, or the console takes nothing.
    pub fn boot_by_menu(&mut self, key: &str, text: &str, keys: &str) -> anyhow::Result<()> {
        let then = (keys, "phase kernel done");
        Ok(self
            .running
            .hold_key(key, text, then, Deadline::minutes(5))?)
    }

    /// Types a line at the serial console.
    ///
    /// # Errors
    /// When the console takes nothing.
    pub fn type_line(&self, line: &str) -> anyhow::Result<()> {
        Ok(machine::type_line(&self.running, line)?)
    }

    /// The image that the node's own pods run.
    ///
    /// # Errors
    /// When the API does not say.
    pub fn system_image(&self) -> anyhow::Result<String> {
        let image = self.kubectl()?.run(&[
            "get",
            "pods",
            "-n=kube-system",
            "-o=jsonpath={.items[0].spec.containers[0].image}",
        ])?;
        Ok(image.trim().to_owned())
    }

    /// Slows the disk down to so many bytes and operations a second, from now on; 0 is as fast as it can.
    ///
    /// # Errors
    /// When QEMU refuses.
    pub fn throttle_disk(&self, bytes: u64, operations: u64) -> anyhow::Result<()> {
        Ok(self.running.throttle_disk(bytes, operations)?)
    }

    /// Pulls the plug.
    ///
    /// # Errors
    /// When QEMU cannot be killed.
    pub fn power_cut(self) -> anyhow::Result<Vm> {
        Ok(self.running.power_cut()?)
    }

    /// How long the record of its writes is by now, in bytes, of a machine with [`machine::Cache::Recorded`].
    ///
    /// # Errors
    /// When it has none.
    pub fn recorded(&self) -> anyhow::Result<u64> {
        Ok(self.vm().recorded()?)
    }

    /// Shuts down in order.
    ///
    /// # Errors
    /// When the machine does not end within two minutes.
    pub fn power_down(self) -> anyhow::Result<Vm> {
        ensure!(
            self.running.power_down(Deadline::minutes(3))?,
            "the machine did not shut down within three minutes"
        );
        Ok(self.running.vm().clone())
    }
}

/// Whether a process of Kubernetes ended otherwise than in order.
fn is_engine_failure(event: &Event) -> bool {
    matches!(event, Event::Service { name, text, .. }
        if ["control-plane", "kubelet"].contains(&name.as_str())
            && text.starts_with("exited with")
            && !text.contains("exit code 0"))
}
