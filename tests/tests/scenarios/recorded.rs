//! A machine, of which everything that was written is known: its power can be cut afterwards, at any moment.

use anyhow::{Context, ensure};
use machine::{Line, Loss, Recording, Vm};
use vm_tests::{Random, Stage};

/// What a machine wrote, and what it said meanwhile.
pub(crate) struct Recorded {
    pub(crate) recording: Recording,
    /// How long the record was when it became of interest.
    pub(crate) begin: u64,
    /// What was said, and how long the record was then.
    pub(crate) said: Vec<(u64, String)>,
}

impl Recorded {
    /// Cuts the power at so many moments, and hears of each what became of the machine.
    pub(crate) fn cut_each(
        &mut self,
        stage: &mut Stage,
        cuts: usize,
        random: &mut Random,
        next: impl Fn(&mut Stage, &Recording) -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        for (number, moment) in self.moments(cuts, random)?.into_iter().enumerate() {
            let cut = self.cut(number + 1, moment, random)?;
            let next = next(stage, &self.recording).with_context(|| cut.clone())?;
            stage.note(format!("{cut}; {next}"));
            stage.discard_last()?;
        }
        Ok(())
    }

    /// So many moments in order, one at random in each of as many parts of what was written.
    fn moments(&self, cuts: usize, random: &mut Random) -> anyhow::Result<Vec<u64>> {
        let all = self.recording.moments();
        let all: Vec<u64> = all.filter(|moment| *moment > self.begin).collect();
        ensure!(all.len() >= cuts, "only {} writes were recorded", all.len());
        let parts =
            (0..cuts).map(|part| &all[part * all.len() / cuts..(part + 1) * all.len() / cuts]);
        parts
            .map(|part| Ok(part[usize::try_from(random.below(u64::try_from(part.len())?))?]))
            .collect()
    }

    /// Cuts the power at a moment; says where that was, and what was lost.
    fn cut(&mut self, number: usize, moment: u64, random: &mut Random) -> anyhow::Result<String> {
        let (_, loss) = self.recording.cut(moment, &mut |most| random.below(most))?;
        Ok(format!(
            "HOLDFAST_SEED={}: cut {number} behind {:?}; {}",
            random.seed(),
            self.said_before(moment),
            in_words(loss)
        ))
    }

    fn said_before(&self, moment: u64) -> &str {
        let before = self.said.iter().rev().find(|(at, _)| *at <= moment);
        before.map_or("(nothing of interest yet)", |(_, line)| line)
    }
}

/// Notes what PID 1 of a recorded machine says, and when.
pub(crate) fn note(vm: &Vm, said: &mut Vec<(u64, String)>, line: &Line) {
    if let Ok(at) = vm.recorded()
        && line.text.contains("holdfast: ")
    {
        said.push((at, line.text.clone()));
    }
}

fn in_words(Loss { kept, torn, lost }: Loss) -> String {
    let all = kept + torn + lost;
    format!("of {all} writes that were not flushed {lost} were lost and {torn} torn")
}
