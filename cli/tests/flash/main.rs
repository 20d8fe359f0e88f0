//! `holdfast flash` on loop devices, judged by `cmp`, `sgdisk` and `fsck.fat`. It needs root; without, each case is shown as
//! ignored, and a line says why.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall stop where it is"
)]

mod faults;
mod image;
mod leftovers;
mod loops;
mod refusals;
mod writes;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let possible = loops::possible();
    if let Err(why) = &possible {
        eprintln!("flash: the cases on loop devices are ignored: {why}");
    }
    let cases: [(&str, fn()); 14] = [
        (
            "an_unpacked_image_with_a_config_of_its_own",
            writes::unpacked_with_config,
        ),
        ("a_packed_image_as_it_is", writes::packed),
        ("a_row_of_an_inventory", writes::inventory),
        ("set_over_the_images_own_config", writes::set_without_config),
        ("every_zero_sent", writes::zeros_sent),
        ("an_older_table_and_raids_at_the_end", leftovers::at_the_end),
        (
            "older_systems_at_the_beginning",
            leftovers::at_the_beginning,
        ),
        (
            "wrong_images_and_configs_write_nothing",
            refusals::wrong_input,
        ),
        ("disks_that_are_not_written", refusals::wrong_disks),
        ("a_disk_in_use", refusals::in_use),
        ("nobody_to_ask", refusals::nobody_to_ask),
        ("a_write_that_fails", faults::write_error),
        ("a_disk_that_goes_away", faults::goes_away),
        ("interrupted", faults::interrupted),
    ];
    let trials = cases.into_iter().map(|(name, case)| {
        Trial::test(name, move || {
            case();
            Ok::<(), Failed>(())
        })
        .with_ignored_flag(possible.is_err())
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}
