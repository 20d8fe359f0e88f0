//! `holdfast boot-times`: where the time between the kernel's start and a running node went.

use crate::client::connect;
use crate::out;
use crate::table::Table;
use init_api::{Kind, Millis, ServiceState, Stage, Status};
use serde::Serialize;
use std::process::ExitCode;

/// Characters for the longest bar.
const WIDTH: u64 = 40;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON: spans with name, begin and end in milliseconds since the kernel's start
    #[arg(long)]
    json: bool,
}

/// A piece of the boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Span {
    part: &'static str,
    name: String,
    began_ms: Millis,
    ended_ms: Millis,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let status = connect()?.status()?;
    let spans = spans(&status);
    if args.json {
        out::line(serde_json::to_string_pretty(&spans)?)?;
    } else {
        out::print(chart(&spans))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn spans(status: &Status) -> Vec<Span> {
    let mut spans = Vec::new();
    if let Some(first) = status.phases.first() {
        spans.push(Span {
            part: "kernel",
            name: "kernel".to_owned(),
            began_ms: Millis(0),
            ended_ms: first.began_ms,
        });
    }
    for phase in &status.phases {
        let part = match phase.stage {
            Stage::Initramfs => "initramfs",
            Stage::System => "system",
        };
        let ended_ms = phase.ended_ms.unwrap_or(status.uptime_ms);
        spans.push(Span {
            part,
            name: phase.name.clone(),
            began_ms: phase.began_ms,
            ended_ms,
        });
    }
    let began = spans.last().map_or(Millis(0), |span| span.ended_ms);
    for service in &status.services {
        // Only what has not been started again since: its last change of state is then its readiness at boot.
        let up = match service.kind {
            Kind::Daemon => service.state == ServiceState::Ready,
            Kind::OneShot => service.state == ServiceState::Completed,
        };
        if up && service.restarts == 0 {
            spans.push(Span {
                part: "service",
                name: service.name.to_string(),
                began_ms: began,
                ended_ms: service.since_ms,
            });
        }
    }
    spans
}

fn chart(spans: &[Span]) -> String {
    let end = spans
        .iter()
        .map(|span| span.ended_ms.0)
        .max()
        .unwrap_or(0)
        .max(1);
    let column = |time: u64| usize::try_from(time * WIDTH / end).unwrap_or(0);
    let mut table = Table::default();
    table.row(["PART", "WHAT", "BEGAN", "TOOK", ""]);
    for span in spans {
        let (began, took) = (span.began_ms.0, span.ended_ms.since(span.began_ms).0);
        let service = span.part == "service";
        let bar = if service {
            format!("{}|", " ".repeat(column(span.ended_ms.0)))
        } else {
            format!(
                "{}{}",
                " ".repeat(column(began)),
                "#".repeat(column(took).max(1))
            )
        };
        let took = if service {
            format!("at {}", seconds(span.ended_ms.0))
        } else {
            seconds(took)
        };
        table.row([span.part, &span.name, &seconds(began), &took, &bar]);
    }
    let mut text = table.to_string();
    for part in ["kernel", "initramfs", "system"] {
        let sum: u64 = spans
            .iter()
            .filter(|span| span.part == part)
            .map(|span| span.ended_ms.since(span.began_ms).0)
            .sum();
        text.push_str(&format!("{part} {}   ", seconds(sum)));
    }
    text.push_str(&format!("all {}\n", seconds(end)));
    text
}

fn seconds(ms: u64) -> String {
    format!("{}.{:02} s", ms / 1000, ms % 1000 / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_adds_up() {
        let span = |part, name: &str, began, ended| Span {
            part,
            name: name.to_owned(),
            began_ms: Millis(began),
            ended_ms: Millis(ended),
        };
        let spans = [
            span("kernel", "kernel", 0, 1000),
            span("initramfs", "root", 1000, 1500),
            span("system", "mounts", 1500, 2000),
            span("service", "ssh", 2000, 4000),
        ];
        let text = chart(&spans);
        assert!(text.contains("ssh     2.00 s  at 4.00 s"), "{text}");
        assert!(
            text.ends_with("kernel 1.00 s   initramfs 0.50 s   system 0.50 s   all 4.00 s\n"),
            "{text}"
        );
    }
}
