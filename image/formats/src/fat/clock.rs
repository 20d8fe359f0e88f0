//! The time that volumes bear.

use fatfs::{Date, DateTime, Time, TimeProvider};

/// The clock of every volume we write, so that the same files give the same bytes.
#[derive(Debug)]
pub(super) struct FixedTime;

pub(super) static FIXED_TIME: FixedTime = FixedTime;

const DAY: Date = Date {
    year: 2020,
    month: 1,
    day: 1,
};

impl TimeProvider for FixedTime {
    fn get_current_date(&self) -> Date {
        DAY
    }

    fn get_current_date_time(&self) -> DateTime {
        DateTime {
            date: DAY,
            time: Time {
                hour: 0,
                min: 0,
                sec: 0,
                millis: 0,
            },
        }
    }
}
