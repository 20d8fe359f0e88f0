//! Leaves are replaced when the clock says so: in its own time, or because it jumped.

use super::{Backoff, Keeper, prepared_address};
use crate::descriptor::watched;
use crate::file;
use crate::pki::{Authorities, Life};
use crate::plan::{NodeFacts, certificates};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::error::Error;
use std::fs;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::info;

const TOPIC: &str = "certificates";

/// Returns when the leaves were replaced.
pub(super) async fn renew_leaves(keeper: &Keeper) {
    let mut backoff = Backoff::new();
    loop {
        match wait_and_renew(keeper).await {
            Ok(()) => return keeper.report.problems(TOPIC, Vec::new()),
            Err(error) => keeper.report.problems(
                TOPIC,
                vec![format!("certificates cannot be renewed: {error}")],
            ),
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}

async fn wait_and_renew(keeper: &Keeper) -> Result<(), Box<dyn Error>> {
    // The file's time is the clock's at the moment the leaf was made.
    let made = fs::metadata(keeper.paths.leaf("apiserver"))?.modified()?;
    let life = Life::from(made);
    while !life.is_over(SystemTime::now()) {
        until(life.renew()).await?;
    }
    let now = SystemTime::now();
    let authorities = Authorities::ensure(&keeper.paths.pki(), now)?;
    let facts = NodeFacts {
        address: prepared_address(&keeper.paths)?,
        memory: 0,
        now,
    };
    for leaf in certificates(&keeper.settings, &facts, &keeper.paths, &authorities)? {
        file::write(&leaf)?;
    }
    info!("made new certificates");
    Ok(())
}

/// Waits until the clock shows `moment`, or somebody sets it.
async fn until(moment: SystemTime) -> io::Result<()> {
    let seconds = moment
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let zero = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let at = Itimerspec {
        it_interval: zero,
        it_value: Timespec {
            tv_sec: i64::try_from(seconds).unwrap_or(i64::MAX),
            tv_nsec: 1,
        },
    };
    let timer = timerfd_create(
        TimerfdClockId::Realtime,
        TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
    )?;
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(&timer, flags, &at)?;
    let _ = watched(timer)?.readable().await?;
    Ok(())
}
