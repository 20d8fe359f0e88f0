//! The end as the kubelet sees it, on a bus that is dbus-daemon's.

use super::Ending;
use super::login::Locks;
use futures_util::StreamExt;
use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zbus::connection::Builder;
use zbus::{Connection, MessageStream, OwnedFd, Proxy};

/// A bus of one test.
struct Bus(Child, String);

impl Bus {
    fn start(folder: &Path) -> Self {
        let config = folder.join("bus.conf");
        let text = format!(
            "<busconfig><type>custom</type><listen>unix:dir={}</listen><auth>EXTERNAL</auth><policy context='default'>\
             <allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>",
            folder.display()
        );
        std::fs::write(&config, text).expect("written");
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is missing: run tools/setup");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().expect("its output"))
            .read_line(&mut address)
            .expect("its address");
        Self(daemon, address.trim().to_owned())
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ending(bus: &Bus, folder: &Path) -> Ending {
    Ending {
        longest: Duration::from_secs(90),
        patience: Duration::from_secs(60),
        bus: bus.1.clone(),
        init: folder.join("init.sock"),
        sign: folder.join("ready"),
        locks: Locks::default(),
        connection: RefCell::default(),
    }
}

/// What the kubelet does, in its order: the longest delay, a lock, and the announcement.
struct Kubelet {
    connection: Connection,
    announcements: MessageStream,
}

impl Kubelet {
    async fn on(bus: &Bus) -> Self {
        let connection = Builder::address(bus.1.as_str()).build().await;
        let connection = connection.expect("the bus answers");
        let rule = "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForShutdown',path='/org/freedesktop/login1'";
        let rule = zbus::MatchRule::try_from(rule).expect("a rule");
        let announcements = MessageStream::for_match_rule(rule, &connection, None).await;
        Self {
            announcements: announcements.expect("signals"),
            connection,
        }
    }

    async fn manager(&self) -> Proxy<'static> {
        Proxy::new(
            &self.connection,
            "org.freedesktop.login1",
            "/org/freedesktop/login1",
            "org.freedesktop.login1.Manager",
        )
        .await
        .expect("logind's object")
    }

    async fn lock(&self, what: &str) -> OwnedFd {
        let arguments = (what, "kubelet", "time to end pods", "delay");
        let lock = self.manager().await.call("Inhibit", &arguments).await;
        lock.expect("a lock")
    }

    async fn announced(&mut self) -> bool {
        let message = self.announcements.next().await.expect("a signal");
        message
            .expect("a signal")
            .body()
            .deserialize()
            .expect("a flag")
    }
}

/// Waits for the sign that the keeper is ready for the kubelet.
async fn ready(ending: &Ending) {
    while !ending.sign.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let limit = async { tokio::time::timeout(Duration::from_secs(50), test).await };
    let ended = runtime.expect("a runtime").block_on(limit);
    ended.expect("it takes a moment");
}

#[test]
fn the_machine_waits_until_the_kubelet_has_let_go() {
    run(async {
        let folder = tempfile::tempdir().expect("folder");
        let bus = Bus::start(folder.path());
        let ending = ending(&bus, folder.path());
        let kubelet = async {
            ready(&ending).await;
            let mut kubelet = Kubelet::on(&bus).await;
            let manager = kubelet.manager().await;
            let longest: u64 = manager
                .get_property("InhibitDelayMaxUSec")
                .await
                .expect("a number");
            assert_eq!(longest, 90_000_000);
            let lock = kubelet.lock("shutdown").await;
            // NetworkManager's, which nobody waits for.
            let sleep = kubelet.lock("sleep").await;
            let begin = Instant::now();
            let ends_pods = async {
                assert!(kubelet.announced().await, "the machine goes down");
                tokio::time::sleep(Duration::from_millis(300)).await;
                drop(lock);
            };
            tokio::join!(ending.end_pods(), ends_pods);
            assert!(
                begin.elapsed() >= Duration::from_millis(300),
                "pods had their time"
            );
            drop(sleep);
        };
        tokio::select! {
            () = kubelet => {}
            () = ending.stand_by() => {}
        }
        // PID 1 is not there, so the machine does not end; the keeper does.
        ending.take_leave().await;
        assert!(
            !ending.sign.exists(),
            "the next kubelet waits for the next keeper"
        );
    });
}

#[test]
fn a_kubelet_that_hangs_keeps_no_machine_up_and_one_that_is_gone_is_not_waited_for() {
    run(async {
        let folder = tempfile::tempdir().expect("folder");
        let bus = Bus::start(folder.path());
        let ending = Ending {
            patience: Duration::from_millis(200),
            ..ending(&bus, folder.path())
        };
        let kubelet = async {
            ready(&ending).await;
            let kubelet = Kubelet::on(&bus).await;
            let lock = kubelet.lock("shutdown").await;
            let begin = Instant::now();
            ending.end_pods().await;
            assert!(begin.elapsed() >= Duration::from_millis(200));
            drop(lock);
            ending.end_pods().await;
        };
        tokio::select! {
            () = kubelet => {}
            () = ending.stand_by() => {}
        }
    });
}

#[test]
fn who_held_a_lock_of_an_earlier_keeper_is_asked_to_take_it_again() {
    run(async {
        let folder = tempfile::tempdir().expect("folder");
        let bus = Bus::start(folder.path());
        let mut kubelet = Kubelet::on(&bus).await;
        let ending = ending(&bus, folder.path());
        tokio::select! {
            goes_down = kubelet.announced() => assert!(!goes_down),
            () = ending.stand_by() => {}
        }
    });
}

#[test]
fn without_a_bus_the_kubelet_is_not_held_up() {
    run(async {
        let folder = tempfile::tempdir().expect("folder");
        let bus = Bus::start(folder.path());
        let ending = Ending {
            bus: "unix:path=/no/such/bus".to_owned(),
            ..ending(&bus, folder.path())
        };
        tokio::select! {
            () = ready(&ending) => {}
            () = ending.stand_by() => {}
        }
        ending.end_pods().await;
    });
}
