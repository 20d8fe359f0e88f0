//! The VM scenarios, one subject a file. `tests/README.md` lists them and says how to run them.

mod acknowledged;
mod arm64;
mod attack;
mod ballast;
mod bundle;
mod clock;
mod command;
mod config_change;
mod crash_loop;
mod damage;
mod damaged_stores;
mod disk_full;
mod first_boot;
mod first_release;
mod hardware;
mod hostile;
mod install;
mod last_resort;
mod maintenance;
mod network;
mod packets;
mod pi_upgrade;
mod ports;
mod power_cuts;
mod reboot;
mod recorded;
mod rescue;
mod rescue_stick;
mod rotation;
mod sealed_state;
mod sealing_cuts;
mod secure_boot;
mod slow_card;
mod small;
mod state;
mod stolen_disk;
mod time_servers;
mod two_ways_out;
mod u_boot;
mod upgrade;
mod upgrade_broken;
mod upgrade_faults;
mod watchdog;
mod workload;

use std::process::ExitCode;

use vm_tests::{Scenario, run_scenarios};

/// All of them, in the order they begin in: the first makes the Ready machine that others are copies of; those that need none
/// go beside it, and the longest come first, so that no machine is left alone at the end.
const ALL: &[Scenario] = &[
    Scenario::core(
        "a_ready_node_and_its_workloads",
        workload::a_ready_node_and_its_workloads,
    ),
    Scenario::core(
        "the_command_keeps_a_machine",
        command::the_command_keeps_a_machine,
    ),
    Scenario::core(
        "a_stick_brings_system_and_workload",
        bundle::a_stick_brings_system_and_workload,
    ),
    Scenario::core(
        "a_power_cut_during_first_boot",
        power_cuts::a_power_cut_during_first_boot,
    ),
    Scenario::core(
        "config_changes_of_a_running_node",
        config_change::config_changes_of_a_running_node,
    ),
    Scenario::core("an_upgrade_by_resource", upgrade::an_upgrade_by_resource),
    Scenario::core("reboot_keeps_everything", reboot::reboot_keeps_everything),
    Scenario::core(
        "maintenance_mode_that_is_asked_for",
        maintenance::maintenance_mode_that_is_asked_for,
    ),
    Scenario::core(
        "a_wrong_first_configuration_is_said",
        maintenance::a_wrong_first_configuration_is_said,
    ),
    Scenario::core(
        "a_corrupt_state_partition_is_never_made_anew",
        damage::a_corrupt_state_partition_is_never_made_anew,
    ),
    Scenario::core(
        "a_flipped_bit_in_the_root_is_not_booted",
        damage::a_flipped_bit_in_the_root_is_not_booted,
    ),
    Scenario::core(
        "a_missing_config_partition_is_said",
        damage::a_missing_config_partition_is_said,
    ),
    Scenario::full(
        "first_boot_without_a_network_card",
        first_boot::first_boot_without_a_network_card,
    ),
    Scenario::full(
        "a_state_that_the_kernel_closes_is_mended",
        damage::a_state_that_the_kernel_closes_is_mended,
    ),
    Scenario::full(
        "a_repairable_state_partition_is_repaired_and_it_is_said",
        damage::a_repairable_state_partition_is_repaired_and_it_is_said,
    ),
    Scenario::full(
        "a_stick_brings_the_next_release",
        bundle::a_stick_brings_the_next_release,
    ),
    Scenario::full(
        "a_backup_brings_a_lost_node_back",
        rescue::a_backup_brings_a_lost_node_back,
    ),
    Scenario::full(
        "a_reset_machine_begins_again",
        rescue::a_reset_machine_begins_again,
    ),
    Scenario::full(
        "a_sealed_state_opens_on_its_own_machine_alone",
        sealed_state::a_sealed_state_opens_on_its_own_machine_alone,
    ),
    Scenario::full(
        "power_cuts_while_state_is_sealed",
        sealing_cuts::power_cuts_while_state_is_sealed,
    ),
    Scenario::full(
        "authorities_are_exchanged",
        rotation::authorities_are_exchanged,
    ),
    Scenario::full(
        "a_support_bundle_has_no_secret",
        rescue::a_support_bundle_has_no_secret,
    ),
    Scenario::full(
        "a_signed_script_lets_its_owner_in",
        rescue_stick::a_signed_script_lets_its_owner_in,
    ),
    Scenario::full(
        "images_of_a_stick_cost_no_start",
        ballast::images_of_a_stick_cost_no_start,
    ),
    Scenario::full(
        "a_stick_pulled_out_at_any_moment",
        bundle::a_stick_pulled_out_at_any_moment,
    ),
    Scenario::full(
        "a_stick_pulled_out_while_a_release_is_staged",
        bundle::a_stick_pulled_out_while_a_release_is_staged,
    ),
    Scenario::full("power_cuts_until_ready", power_cuts::power_cuts_until_ready),
    Scenario::full("qemu_arm64_to_ready", arm64::qemu_arm64_to_ready),
    Scenario::full("rpi4_to_ready", arm64::rpi4_to_ready),
    Scenario::full("rpi3_to_ready", arm64::rpi3_to_ready),
    Scenario::full("one_gigabyte_is_enough", small::one_gigabyte_is_enough),
    Scenario::full("a_pi_upgrades", pi_upgrade::a_pi_upgrades),
    Scenario::full("a_pi_goes_back", pi_upgrade::a_pi_goes_back),
    Scenario::full("what_u_boot_starts", u_boot::what_u_boot_starts),
    Scenario::full(
        "power_cuts_while_the_disk_is_laid_out",
        power_cuts::power_cuts_while_the_disk_is_laid_out,
    ),
    Scenario::full("a_way_back_by_command", upgrade::a_way_back_by_command),
    Scenario::full(
        "the_first_release_takes_the_newest",
        first_release::the_first_release_takes_the_newest,
    ),
    Scenario::full(
        "a_release_damaged_after_it_was_staged",
        upgrade_faults::a_release_damaged_after_it_was_staged,
    ),
    Scenario::full(
        "a_release_is_staged_on_a_slow_card",
        slow_card::a_release_is_staged_on_a_slow_card,
    ),
    Scenario::full(
        "power_cuts_during_an_upgrade",
        upgrade_faults::power_cuts_during_an_upgrade,
    ),
    Scenario::full(
        "releases_that_are_no_good_go_back",
        upgrade_broken::releases_that_are_no_good_go_back,
    ),
    Scenario::full(
        "a_release_that_hangs_goes_back",
        upgrade_broken::a_release_that_hangs_goes_back,
    ),
    Scenario::full(
        "a_reboot_that_drains_first",
        reboot::a_reboot_that_drains_first,
    ),
    Scenario::full(
        "damaged_stores_are_put_right",
        damaged_stores::damaged_stores_are_put_right,
    ),
    Scenario::full(
        "a_full_disk_is_said_and_survived",
        disk_full::a_full_disk_is_said_and_survived,
    ),
    Scenario::full(
        "acknowledged_changes_survive_power_cuts",
        acknowledged::acknowledged_changes_survive_power_cuts,
    ),
    Scenario::full(
        "hostile_pods_hurt_themselves",
        hostile::hostile_pods_hurt_themselves,
    ),
    Scenario::full(
        "a_node_full_of_crashing_pods",
        hostile::a_node_full_of_crashing_pods,
    ),
    Scenario::full(
        "a_boot_signed_with_own_keys",
        secure_boot::a_boot_signed_with_own_keys,
    ),
    Scenario::full(
        "a_hanging_pid_1_is_reset_by_the_watchdog",
        watchdog::a_hanging_pid_1_is_reset_by_the_watchdog,
    ),
    Scenario::full(
        "a_fixed_address_and_a_fetched_configuration",
        network::a_fixed_address_and_a_fetched_configuration,
    ),
    Scenario::full(
        "a_network_whose_dhcp_comes_late",
        network::a_network_whose_dhcp_comes_late,
    ),
    Scenario::full(
        "a_node_with_two_ways_out",
        two_ways_out::a_node_with_two_ways_out,
    ),
    Scenario::full(
        "a_clock_that_jumps_while_the_node_runs",
        clock::a_clock_that_jumps_while_the_node_runs,
    ),
    Scenario::full(
        "time_servers_that_prove_themselves_and_that_lie",
        time_servers::time_servers_that_prove_themselves_and_that_lie,
    ),
    Scenario::full(
        "ports_are_those_of_the_table",
        ports::ports_are_those_of_the_table,
    ),
    Scenario::full("clock_at_1970", clock::clock_at_1970),
    Scenario::full("clock_at_2000", clock::clock_at_2000),
    Scenario::full("clock_at_2097", clock::clock_at_2097),
    Scenario::full("clock_at_2099", clock::clock_at_2099),
    Scenario::full(
        "a_machine_without_a_tpm_says_so",
        sealed_state::a_machine_without_a_tpm_says_so,
    ),
    Scenario::full(
        "maintenance_mode_and_a_mended_file",
        maintenance::maintenance_mode_and_a_mended_file,
    ),
    Scenario::full(
        "first_boot_of_a_nuc_from_nvme",
        hardware::first_boot_of_a_nuc_from_nvme,
    ),
    Scenario::full(
        "first_boot_of_a_nuc_from_sata",
        hardware::first_boot_of_a_nuc_from_sata,
    ),
    Scenario::full(
        "first_boot_of_a_nuc_from_a_usb_stick",
        hardware::first_boot_of_a_nuc_from_a_usb_stick,
    ),
    Scenario::full(
        "an_installation_from_a_stick_onto_nvme",
        install::from_a_stick_onto_nvme,
    ),
    Scenario::full(
        "an_installation_onto_large_sectors_with_the_stick_left_in",
        install::onto_large_sectors_with_the_stick_left_in,
    ),
    Scenario::full(
        "a_stick_pulled_out_of_an_installation",
        install::with_the_stick_pulled_out,
    ),
    Scenario::full(
        "an_installation_by_the_form_on_the_console",
        install::by_the_form_on_the_console,
    ),
    Scenario::full(
        "an_engine_component_that_fails_at_every_start_is_said",
        crash_loop::an_engine_component_that_fails_at_every_start_is_said,
    ),
    Scenario::full(
        "an_engine_that_crashes_comes_back",
        crash_loop::an_engine_that_crashes_comes_back,
    ),
    Scenario::full(
        "an_unreadable_config_partition_is_said",
        damage::an_unreadable_config_partition_is_said,
    ),
];

fn main() -> ExitCode {
    run_scenarios(ALL)
}
