//! Our NetworkManager, running.

use super::bus::PrivateBus;
use super::manager::{Manager, Shared, locked};
use super::objects::{
    ActiveObject, DeviceObject, Ip4Object, Ip6Object, ManagerObject, ProfileObject, ROOT,
    SettingsObject, WiredObject, path,
};
use node_setup::{Change, Profile, bring_in_line};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use zbus::Connection;

/// What is waited for comes long before, also on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Our NetworkManager, on a bus of its own.
pub(super) struct Running {
    bus: PrivateBus,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(super) fn start(manager: Manager) -> Running {
        let bus = PrivateBus::start();
        let shared: Shared = Arc::new(Mutex::new(manager));
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (address, ours) = (bus.address.clone(), Arc::clone(&shared));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let connection = serve(&address, ours).await.unwrap();
                ready.send(()).unwrap();
                let _ = stopped.await;
                drop(connection);
            });
        });
        is_ready.recv().expect("it is on the bus");
        Running {
            bus,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(super) fn bring_in_line(
        &self,
        changed: &[&str],
        profiles: Vec<Profile>,
    ) -> Result<(), String> {
        self.bring_in_line_within(PATIENCE, changed, profiles)
    }

    pub(super) fn bring_in_line_within(
        &self,
        patience: Duration,
        changed: &[&str],
        profiles: Vec<Profile>,
    ) -> Result<(), String> {
        let change = Change {
            changed: changed.iter().map(ToString::to_string).collect(),
            profiles,
        };
        bring_in_line(&change, &self.bus.address, patience).map_err(|error| error.to_string())
    }

    /// Where it is.
    pub(super) fn address(&self) -> &str {
        &self.bus.address
    }

    pub(super) fn asked(&self) -> Vec<String> {
        locked(&self.shared).asked.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(address: &str, shared: Shared) -> zbus::Result<Connection> {
    let connection = zbus::connection::Builder::address(address).build().await?;
    let (cards, profiles) = {
        let manager = locked(&shared);
        let profiles = manager.on_disk.len().max(manager.profiles.len());
        (manager.cards.len(), profiles)
    };
    let of = || Arc::clone(&shared);
    let server = connection.object_server();
    server.at(ROOT, ManagerObject(of())).await?;
    let settings = format!("{ROOT}/Settings");
    server.at(settings, SettingsObject(of())).await?;
    for at in 0..profiles {
        let profile = ProfileObject(of(), at);
        server.at(path("Settings", at), profile).await?;
    }
    for at in 0..cards {
        let device = path("Devices", at);
        server.at(device.clone(), DeviceObject(of(), at)).await?;
        server.at(device, WiredObject(at)).await?;
        let active = ActiveObject(of(), at);
        server.at(path("ActiveConnection", at), active).await?;
        server
            .at(path("IP4Config", at), Ip4Object(of(), at))
            .await?;
        server
            .at(path("IP6Config", at), Ip6Object(of(), at))
            .await?;
    }
    connection
        .request_name("org.freedesktop.NetworkManager")
        .await?;
    Ok(connection)
}
