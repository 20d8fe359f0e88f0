//! Phases of the boot with their times.

use crate::clock;
use crate::report::Log;
use init_api::{Phase, Stage};

/// Phases of both stages, in order; this stage's are announced as they end.
#[derive(Debug)]
pub(crate) struct Phases {
    stage: Stage,
    list: Vec<Phase>,
}

impl Phases {
    /// A stage's phases, behind those of the stage before it.
    pub(crate) fn new(stage: Stage, before: Vec<Phase>) -> Self {
        Self {
            stage,
            list: before,
        }
    }

    /// Runs one phase.
    ///
    /// # Errors
    /// What the phase gives; it counts as ended then, too.
    pub(crate) fn run<T, E>(
        &mut self,
        name: &str,
        log: &Log,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin(name);
        let result = work();
        self.end(log);
        result
    }

    /// Begins a phase.
    pub(crate) fn begin(&mut self, name: &str) {
        self.list.push(Phase {
            stage: self.stage,
            name: name.to_owned(),
            began_ms: clock::since_kernel_start(),
            ended_ms: None,
        });
    }

    /// Ends the phase that runs, and says so.
    pub(crate) fn end(&mut self, log: &Log) {
        let now = clock::since_kernel_start();
        if let Some(phase) = self.list.last_mut().filter(|p| p.ended_ms.is_none()) {
            phase.ended_ms = Some(now);
            let took = now.since(phase.began_ms).as_seconds();
            log.line(&format!("phase {} done in {took:.2} s", phase.name));
        }
    }

    /// All phases so far.
    pub(crate) fn list(&self) -> &[Phase] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::Phases;
    use crate::report::Log;
    use init_api::Stage;

    #[test]
    fn phases_follow_each_other_and_end_also_when_they_fail() {
        let log = Log::default();
        let mut first = Phases::new(Stage::Initramfs, Vec::new());
        assert_eq!(first.run("disk", &log, || Ok::<_, ()>(3)), Ok(3));
        let mut second = Phases::new(Stage::System, first.list().to_vec());
        assert_eq!(second.run("mounts", &log, || Err::<(), _>("no")), Err("no"));
        let seen: Vec<_> = second
            .list()
            .iter()
            .map(|p| (p.stage, p.name.as_str(), p.ended_ms.is_some()))
            .collect();
        assert_eq!(
            seen,
            [
                (Stage::Initramfs, "disk", true),
                (Stage::System, "mounts", true)
            ]
        );
    }
}
