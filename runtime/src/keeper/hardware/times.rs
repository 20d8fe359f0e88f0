//! How often something happened.

/// A count as people need it, so that it is not told anew each time: 1, 2, 5, 10 and so on, with `at least` where it is more.
pub(super) fn times(count: u64) -> String {
    let mut step = 1;
    while step * 10 <= count {
        step *= 10;
    }
    let below = [5, 2, 1].into_iter().map(|by| by * step);
    let shown = below.into_iter().find(|by| *by <= count).unwrap_or(0);
    match (shown, shown == count) {
        (1, true) => "once".to_owned(),
        (_, true) => format!("{shown} times"),
        (_, false) => format!("more than {shown} times"),
    }
}
