//! What happens to the recorded node: every kind of upgrade and every end of one. Before each step, the record is told which
//! releases may boot from then on.

use super::devices::mark;
use super::node::{Boot, Fate, Node, Up};
use crate::machine::Machine;
use crate::marks::Allowed;
use anyhow::{bail, ensure};
use init_api::WhyUnconfirmed;
use upgrade_api::Request;

/// As long as a trial takes at most.
const DEADLINE_S: u64 = 600;
/// The two ways to restart into another release.
const ACTIVATE: Request = Request::Activate {
    deadline_s: DEADLINE_S,
    checks: Vec::new(),
};
const ROLLBACK: Request = Request::Rollback {
    deadline_s: DEADLINE_S,
    older_kubernetes: false,
};
/// More boots than any end of a trial needs.
const BOOTS: usize = 12;
const WELL: Fate = Fate::Runs { ready: true };
const ILL: Fate = Fate::Runs { ready: false };

/// Plays all of it.
///
/// # Errors
/// A step did not end as it should.
pub(super) fn tell(node: &Node) -> anyhow::Result<()> {
    let story = Story { node };
    story.upgrade("1.0.0", "1.1.0", &[])?;
    story.roll_back("1.1.0", "1.0.0", &[])?;
    story.roll_back_and_fail("1.0.0", "1.1.0", Fate::Crashes)?;
    match node.firmware.machine {
        Machine::SystemdBoot | Machine::UBoot => {
            story.upgrade("1.0.0", "1.1.0", &[Fate::Panics, Fate::Crashes])?;
        }
        // There is one try at a time.
        Machine::Tryboot => {
            story.fail("1.0.0", "1.1.0", Fate::Panics)?;
            story.fail("1.0.0", "1.1.0", Fate::Crashes)?;
            story.upgrade("1.0.0", "1.1.0", &[])?;
        }
    }
    story.fail("1.1.0", "1.2.0", Fate::Panics)?;
    story.time_out("1.1.0", "1.2.0")?;
    story.stage("1.1.0", "1.2.0")?;
    story.interrupt("1.1.0", "1.3.0")?;
    story.roll_back_and_fail("1.3.0", "1.1.0", Fate::Panics)
}

struct Story<'a> {
    node: &'a Node,
}

impl Story<'_> {
    /// A release is staged, tried, fails as `fates` say, and is confirmed.
    fn upgrade(&self, old: &str, new: &str, fates: &[Fate]) -> anyhow::Result<()> {
        self.stage(old, new)?;
        self.activate(old, new, &ACTIVATE)?;
        self.prove(old, new, fates)
    }

    fn roll_back(&self, old: &str, new: &str, fates: &[Fate]) -> anyhow::Result<()> {
        self.activate(old, new, &ROLLBACK)?;
        self.prove(old, new, fates)
    }

    fn roll_back_and_fail(&self, old: &str, new: &str, fate: Fate) -> anyhow::Result<()> {
        self.activate(old, new, &ROLLBACK)?;
        self.come_back(old, new, fate)
    }

    fn fail(&self, old: &str, new: &str, fate: Fate) -> anyhow::Result<()> {
        self.stage(old, new)?;
        self.activate(old, new, &ACTIVATE)?;
        self.come_back(old, new, fate)
    }

    /// The node is not Ready in time.
    fn time_out(&self, old: &str, new: &str) -> anyhow::Result<()> {
        self.stage(old, new)?;
        self.activate(old, new, &ACTIVATE)?;
        let up = self.up(|_| ILL)?;
        ensure!(up.version == new, "{} runs", up.version);
        up.unconfirmed(WhyUnconfirmed::TimedOut)?;
        up.down(self.node)?;
        self.come_back(old, new, WELL)
    }

    /// Somebody restarts the machine in the middle of its trial.
    fn interrupt(&self, old: &str, new: &str) -> anyhow::Result<()> {
        self.stage(old, new)?;
        self.activate(old, new, &ACTIVATE)?;
        let up = self.up(|_| ILL)?;
        ensure!(up.version == new, "{} runs", up.version);
        up.unconfirmed(WhyUnconfirmed::Interrupted)?;
        up.down(self.node)?;
        self.prove(old, new, &[])
    }

    fn stage(&self, old: &str, new: &str) -> anyhow::Result<()> {
        may_boot(&[old], &format!("stage {new}"))?;
        let up = self.up(|_| WELL)?;
        ensure!(up.version == old, "{} runs", up.version);
        up.settle()?;
        up.stage(new)?;
        up.down(self.node)
    }

    fn activate(&self, old: &str, new: &str, request: &Request) -> anyhow::Result<()> {
        may_boot(&[old], "boot")?;
        let up = self.up(|_| WELL)?;
        ensure!(up.version == old, "{} runs", up.version);
        up.settle()?;
        may_boot(&[old, new], &format!("{request:?}"))?;
        up.ask(request)?;
        up.down(self.node)
    }

    /// The boots of a trial that ends well.
    fn prove(&self, old: &str, new: &str, fates: &[Fate]) -> anyhow::Result<()> {
        for &fate in fates {
            may_boot(&[old, new], &format!("a boot that {fate:?}"))?;
            let Boot::Restarts(_) = self.node.boot(|_| fate)? else {
                bail!("{new} came up");
            };
        }
        may_boot(&[old, new], "the boot that is confirmed")?;
        let up = self.up(|_| WELL)?;
        ensure!(up.version == new, "{} runs", up.version);
        up.settle()?;
        may_boot(&[new], "confirmed")?;
        up.down(self.node)
    }

    /// The boots of a trial that ends with the old release; `fate` is that of the new one.
    fn come_back(&self, old: &str, new: &str, fate: Fate) -> anyhow::Result<()> {
        may_boot(&[old, new], &format!("boots that {fate:?}"))?;
        let up = self.up(|version| if version == new { fate } else { WELL })?;
        ensure!(up.version == old, "{} runs", up.version);
        up.settle()?;
        may_boot(&[old], "given up")?;
        up.down(self.node)
    }

    /// Boots until the node is up.
    fn up(&self, fate: impl Fn(&str) -> Fate) -> anyhow::Result<Up> {
        for _ in 0..BOOTS {
            match self.node.boot(&fate)? {
                Boot::Nothing => bail!("there is nothing to boot"),
                Boot::WithoutState(..) => bail!("state cannot be used"),
                Boot::Restarts(why) => println!("restarts: {why}"),
                Boot::Up(up) => return Ok(*up),
            }
        }
        bail!("it does not come up in {BOOTS} boots");
    }
}

fn may_boot(versions: &[&str], note: &str) -> anyhow::Result<()> {
    mark(&Allowed::new(versions, note).to_string())
}
