//! The socket: one request on each connection, answered by JSON lines.

use crate::node::Node;
use crate::origin::stick_turn;
use crate::stage::Tell;
use crate::waits::Waits;
use crate::{activate, offers, stage, trial};
use anyhow::Context;
use init_api::{PendingTrial, Root, TrialLogs, paths};
use std::convert::Infallible;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, watch};
use upgrade_api::{Answer, Doing, Report, Request, StageRequest};

/// No request is longer.
const LONGEST: u64 = 16 << 10;
/// How often whoever waits for a release to be staged hears how far it is.
const STEP: Duration = Duration::from_millis(500);
/// How long to wait before settling what happened is tried again.
const AGAIN: Duration = Duration::from_secs(30);
/// How often the logs of a trial are kept: what a hang may lose of them.
const LOGS: Duration = Duration::from_secs(20);

/// What all connections share.
#[derive(Debug)]
struct Agent {
    node: Node,
    doing: watch::Sender<Doing>,
    /// Held by whoever changes a slot.
    turn: Mutex<()>,
}

/// Settles what happened at the last boots, watches a trial, and answers requests. It does not end by itself.
///
/// # Errors
/// The records of this boot are missing, or the socket cannot be opened.
pub async fn serve(root: &Root) -> anyhow::Result<()> {
    let agent = Arc::new(Agent {
        node: Node::read(root)?,
        doing: watch::Sender::new(Doing::Nothing),
        turn: Mutex::new(()),
    });
    let listener = listen(root)?;
    tokio::spawn(look_after_trial(agent.clone()));
    loop {
        let (stream, _) = listener.accept().await.context("the socket is gone")?;
        let agent = agent.clone();
        tokio::spawn(async move {
            if let Err(error) = talk(&agent, stream).await {
                eprintln!("a request broke off: {error:#}");
            }
        });
    }
}

fn listen(root: &Root) -> anyhow::Result<UnixListener> {
    let path = root.path(paths::UPGRADE_SOCKET);
    host::file::remove(&path).context("cannot remove the old socket")?;
    let listener = UnixListener::bind(&path)
        .with_context(|| format!("cannot listen at {}", path.display()))?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn look_after_trial(agent: Arc<Agent>) {
    loop {
        match settle_and_watch(&agent).await {
            Ok(()) => return,
            Err(error) => eprintln!("{error:#}; trying again in {} s", AGAIN.as_secs()),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn settle_and_watch(agent: &Agent) -> anyhow::Result<()> {
    let pending = {
        let _turn = agent.turn.lock().await;
        trial::settle(&agent.node)?
    };
    match pending {
        Some(pending) => watch_trial(agent, &pending).await,
        None => Ok(()),
    }
}

async fn watch_trial(agent: &Agent, pending: &PendingTrial) -> anyhow::Result<()> {
    let version = &pending.release.version;
    println!("release {version} is on trial");
    let mut waits = Waits::new(&agent.node);
    let tell = |waiting_for: Vec<String>| {
        if waits.tell(&waiting_for) {
            match waiting_for.join("; ").as_str() {
                "" => println!("all is well; it has to stay so for a while"),
                lines => println!("waiting: {lines}"),
            }
        }
        agent.doing.send_replace(Doing::Trial { waiting_for });
    };
    let logs = agent.node.trial_logs();
    let watched = tokio::select! {
        watched = trial::watch(&agent.node, pending, tell) => watched,
        never = keep_logs(&logs) => match never {},
    };
    if let Err(error) = watched {
        waits.tell(&[format!("{error:#}")]);
        return Err(error);
    }
    agent.doing.send_replace(Doing::Nothing);
    waits.end()?;
    logs.forget()
        .context("cannot remove the logs that were kept of the trial")
}

/// Keeps the services' logs while a release is on trial: one that hangs or loses its power can keep none any more, and the release
/// that comes back has to show them. It does not end by itself.
async fn keep_logs(logs: &TrialLogs) -> Infallible {
    let mut said = false;
    loop {
        tokio::time::sleep(LOGS).await;
        let logs = logs.clone();
        let kept = tokio::task::spawn_blocking(move || logs.keep()).await;
        let failed = match kept {
            Ok(kept) => kept.err().map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = failed.filter(|_| !said) {
            eprintln!("cannot keep the logs of this trial: {why}");
            said = true;
        }
    }
}

async fn talk(agent: &Arc<Agent>, stream: UnixStream) -> anyhow::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reader.take(LONGEST))
        .read_line(&mut line)
        .await?;
    let answer = match serde_json::from_str(&line) {
        Ok(Request::Stage(request)) => {
            let staging = tokio::spawn(do_stage(agent.clone(), request));
            let mut every = tokio::time::interval(STEP);
            while !staging.is_finished() {
                every.tick().await;
                let now = agent.doing.borrow().clone();
                if let Doing::Staging(progress) = now {
                    // Whoever asked may go; the release is staged all the same.
                    let _ = write(&mut writer, &Answer::Progress(progress)).await;
                }
            }
            staging.await?
        }
        Ok(request) => answer(agent, &request).await,
        Err(error) => Err(anyhow::anyhow!("this is no request: {error}")),
    };
    let answer = answer.unwrap_or_else(|error| Answer::Refused {
        reason: format!("{error:#}"),
    });
    Ok(write(&mut writer, &answer).await?)
}

async fn write(writer: &mut (impl AsyncWriteExt + Unpin), answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    writer.write_all(&line).await
}

async fn answer(agent: &Arc<Agent>, request: &Request) -> anyhow::Result<Answer> {
    match request {
        Request::Status => Ok(Answer::Status {
            report: Box::new(report(agent)?),
        }),
        Request::Check { source } => {
            let _reads = stick_turn(&turns(agent), source).await?;
            let offers = offers::check(&agent.node, source).await?;
            Ok(Answer::Offers { offers })
        }
        Request::Activate { deadline_s, checks } => {
            activate::refuse_failing(&agent.node, checks).await?;
            restart(agent, |node| activate::activate(node, *deadline_s, checks))
        }
        Request::Rollback {
            deadline_s,
            older_kubernetes,
        } => restart(agent, |node| {
            activate::roll_back(node, *deadline_s, *older_kubernetes)
        }),
        Request::Stage(_) => anyhow::bail!("a release is staged by a task of its own"),
    }
}

/// The lock of who uses the stick.
fn turns(agent: &Agent) -> PathBuf {
    agent.node.path(paths::STICK_TURNS)
}

fn report(agent: &Agent) -> anyhow::Result<Report> {
    Ok(Report {
        running: agent.node.running.clone(),
        trial: agent.node.pending()?,
        doing: agent.doing.borrow().clone(),
        record: agent.node.record(),
    })
}

fn restart(
    agent: &Arc<Agent>,
    begin: impl FnOnce(&Node) -> anyhow::Result<String>,
) -> anyhow::Result<Answer> {
    let _turn = agent.turn.try_lock().context(BUSY)?;
    let node = &agent.node;
    let begun = activate::all_or_nothing(node, begin, |pending, why| {
        trial::break_off_begun(node, pending, why).inspect_err(|error| {
            let why = format!("{why}; and that cannot be undone yet: {error:#}");
            tokio::spawn(break_off_later(agent.clone(), why));
        })
    });
    let version = begun.inspect_err(|error| eprintln!("cannot restart: {error:#}"))?;
    agent.doing.send_replace(Doing::Restarting);
    Ok(Answer::Restarting { version })
}

/// Tries again to end a trial that could not begin: until then, the next boot may still be one of it.
async fn break_off_later(agent: Arc<Agent>, why: String) {
    let waiting_for = vec![why.clone()];
    agent.doing.send_replace(Doing::Trial { waiting_for });
    loop {
        tokio::time::sleep(AGAIN).await;
        let _turn = agent.turn.lock().await;
        let ended = match agent.node.pending() {
            Ok(Some(pending)) => trial::break_off_begun(&agent.node, &pending, &why),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        match ended {
            Ok(()) => break,
            Err(error) => eprintln!("{error:#}; trying again in {} s", AGAIN.as_secs()),
        }
    }
    agent.doing.send_replace(Doing::Nothing);
}

const BUSY: &str =
    "a slot is being changed already: `holdfast upgrade status` shows how far that is";

async fn do_stage(agent: Arc<Agent>, request: StageRequest) -> anyhow::Result<Answer> {
    let _turn = agent.turn.try_lock().context(BUSY)?;
    let doing = agent.doing.clone();
    let tell: Tell = Arc::new(move |progress| {
        doing.send_replace(Doing::Staging(progress));
    });
    let staged = match stick_turn(&turns(&agent), &request.source).await {
        Ok(_reads) => stage::stage(&agent.node, &request, &tell).await,
        Err(error) => Err(error),
    };
    // Refused at once it is something else: a trial goes on.
    agent.doing.send_if_modified(|doing| {
        let staging = matches!(doing, Doing::Staging(_));
        if staging {
            *doing = Doing::Nothing;
        }
        staging
    });
    if let Err(error) = &staged {
        eprintln!("cannot stage a release of {}: {error:#}", request.source);
    }
    Ok(Answer::Staged { staged: staged? })
}
