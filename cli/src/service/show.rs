//! `holdfast service show`: what services may do, and whether the kernel sees it so.

use super::kernel::Kernel;
use crate::client::connect;
use crate::table::Table;
use anyhow::{Context, bail};
use init_api::{
    Calls, Capability, Confinement, Described, Files, HIDDEN_FILES, HIDDEN_FOLDERS, Request,
    Response, Rights,
};
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(name: Option<&str>) -> anyhow::Result<ExitCode> {
    let Response::Services { services } = connect()?.ask(&Request::Services)? else {
        bail!("PID 1 gave an answer that does not fit; is this command of another release?");
    };
    let kernel = |one: &Described| one.pid.map(Kernel::of).transpose();
    let Some(name) = name else {
        let looked_at: Vec<_> = services
            .iter()
            // A one-shot may end while it is looked at.
            .map(|one| (one, kernel(one).unwrap_or_default()))
            .collect();
        crate::out::print(overview(&looked_at))?;
        let exceeds = looked_at
            .iter()
            .any(|(one, kernel)| !beyond(one, *kernel).is_empty());
        return Ok(ExitCode::from(u8::from(exceeds)));
    };
    let known = || {
        let names: Vec<_> = services
            .iter()
            .map(|one| one.service.name.as_str())
            .collect();
        format!("there is no service {name}; there are {}", names.join(", "))
    };
    let one = services
        .iter()
        .find(|one| one.service.name.as_str() == name);
    let one = one.with_context(known)?;
    let kernel = kernel(one)?;
    crate::out::print(page(one, kernel))?;
    Ok(ExitCode::from(u8::from(!beyond(one, kernel).is_empty())))
}

fn beyond(one: &Described, kernel: Option<Kernel>) -> Vec<String> {
    match (one.service.rights.confinement(), kernel) {
        (Some(given), Some(kernel)) => kernel.beyond(given),
        _ => Vec::new(),
    }
}

/// A line for each service.
fn overview(services: &[(&Described, Option<Kernel>)]) -> String {
    let mut table = Table::default();
    table.row([
        "SERVICE",
        "KERNEL SAYS",
        "CAPABILITIES",
        "SETUID",
        "CALLS",
        "FILES",
    ]);
    for (one, kernel) in services {
        let says = match kernel {
            None => "does not run".to_owned(),
            Some(_) if one.service.rights.confinement().is_none() => "all of root's".to_owned(),
            Some(kernel) => match beyond(one, Some(*kernel)).as_slice() {
                [] => "as given".to_owned(),
                beyond => format!("NOT as given: {}", beyond.join("; ")),
            },
        };
        let name = one.service.name.as_str();
        match one.service.rights.confinement() {
            None => table.row([name, &says, "all", "yes", "all", "the machine's"]),
            Some(given) => {
                let names: Vec<String> =
                    given.capabilities.keys().map(ToString::to_string).collect();
                let capabilities = match names.len() {
                    0 => "none".to_owned(),
                    1..=4 => names.join(" "),
                    count => format!("{count} of {}", Capability::COUNT),
                };
                let setuid = if given.gains_rights.is_some() {
                    "yes"
                } else {
                    "no"
                };
                let refused = format!(
                    "{} of {} kinds refused",
                    given.refused().len(),
                    Calls::ALL.len()
                );
                let files = match &given.files {
                    Files::Shared { .. } => "the machine's".to_owned(),
                    Files::Own { writes, .. } => format!("its own, {} to write", writes.len()),
                };
                table.row([name, &says, &capabilities, setuid, &refused, &files]);
            }
        }
    }
    table.to_string()
}

/// Everything about one service.
fn page(one: &Described, kernel: Option<Kernel>) -> String {
    let runs = one
        .pid
        .map_or("does not run".to_owned(), |pid| format!("process {pid}"));
    let mut text = format!("{}: {runs}\n", one.service.name);
    match &one.service.rights {
        Rights::All { why } => text.push_str(&format!("may do all that root may: {why}\n")),
        Rights::Only(given) => text.push_str(&limits(given)),
    }
    let Some(kernel) = kernel else { return text };
    let yes = |is: bool| if is { "yes" } else { "no" };
    text.push_str(&format!(
        "kernel says: capabilities {:#x}, no new privileges {}, calls filtered {}, mounts of its own {}\n",
        kernel.capabilities,
        yes(kernel.no_new_privileges),
        yes(kernel.filtered),
        yes(kernel.own_mounts),
    ));
    match (&one.service.rights, beyond(one, Some(kernel)).as_slice()) {
        (Rights::All { .. }, _) => {}
        (Rights::Only(_), []) => text.push_str("that is what it was given\n"),
        (Rights::Only(_), more) => {
            text.push_str(&format!("NOT what it was given: {}\n", more.join("; ")));
        }
    }
    text
}

fn limits(given: &Confinement) -> String {
    let mut table = Table::default();
    for (capability, why) in &given.capabilities {
        table.row(["may", &capability.to_string(), why]);
    }
    for (kind, why) in &given.calls {
        table.row(["calls", &format!("{kind:?}").to_lowercase(), why]);
    }
    if let Some(why) = &given.gains_rights {
        table.row(["gains", "rights by setuid", why]);
    }
    match &given.files {
        Files::Shared { why } => table.row(["files", "the machine's", why]),
        Files::Own { writes, sees } => {
            for (path, why) in writes {
                table.row(["writes", &path.to_string_lossy(), why]);
            }
            for (path, why) in sees {
                table.row(["sees", &path.to_string_lossy(), why]);
            }
            let hidden: Vec<&str> = HIDDEN_FOLDERS
                .iter()
                .chain(&HIDDEN_FILES)
                .copied()
                .filter(|path| !sees.contains_key(Path::new(path)))
                .collect();
            table.row(["hidden", "", &hidden.join(" ")]);
        }
    }
    let refused: Vec<String> = given
        .refused()
        .iter()
        .map(|kind| format!("{kind:?}").to_lowercase())
        .collect();
    table.row(["refused", "", &refused.join(" ")]);
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::{overview, page};
    use crate::service::kernel::Kernel;
    use init_api::{Calls, Confinement, Described, Service, ServiceName};

    fn time() -> Described {
        let limits = Confinement::strict()
            .may(&["sys_time"], "sets the clock")
            .calls(&[Calls::Clock], "sets the clock")
            .writes("/run/chrony", "its socket");
        let name = ServiceName::new("time").unwrap();
        Described {
            service: Service::daemon(name, ["/usr/sbin/chronyd"]).confined(limits),
            pid: Some(7),
        }
    }

    const KERNEL: Kernel = Kernel {
        capabilities: 1 << 25,
        no_new_privileges: true,
        filtered: true,
        own_mounts: true,
    };

    #[test]
    fn one_service() {
        let page = page(&time(), Some(KERNEL));
        for line in [
            "time: process 7\n",
            "may      sys_time     sets the clock\n",
            "calls    clock        sets the clock\n",
            "writes   /run/chrony  its socket\n",
            "refused               modules mounts namespaces machine ports debug programs rare sockets\n",
            "that is what it was given\n",
        ] {
            assert!(page.contains(line), "{line:?} is not in\n{page}");
        }
    }

    #[test]
    fn a_limit_that_is_not_in_force_is_told() {
        let loose = Kernel {
            filtered: false,
            ..KERNEL
        };
        let told = "its system calls are not filtered";
        assert!(page(&time(), Some(loose)).contains(&format!("NOT what it was given: {told}")));
        assert!(overview(&[(&time(), Some(loose))]).contains(&format!("NOT as given: {told}")));
        let all = overview(&[(&time(), Some(KERNEL)), (&time(), None)]);
        assert!(
            all.contains("as given") && all.contains("does not run"),
            "{all}"
        );
    }
}
