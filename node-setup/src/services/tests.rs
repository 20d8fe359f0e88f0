use super::{Purpose, Situation, services};
use crate::facts::Facts;
use init_api::Rights;
use os_config::parse_config;

const PURPOSES: [Purpose; 5] = [
    Purpose::Node,
    Purpose::Maintenance,
    Purpose::Asked,
    Purpose::Unconfigured,
    Purpose::Install,
];

#[test]
fn a_login_prompt_only_where_a_password_is_configured() {
    let key = "ssh_authorized_keys: [github:octocat]\n";
    let all = ["login-tty2", "login-ttys0", "login-ttyama0"];
    let cases: [(&str, &str, &[&str], &[&str]); 5] = [
        ("nothing", "", &["ttyS0"], &[]),
        ("an ssh key", key, &["ttyS0"], &[]),
        ("a password", "password: secretly\n", &[], &all[..1]),
        (
            "and a console",
            "password: secretly\n",
            &["ttyS0"],
            &all[..2],
        ),
        (
            "and two",
            "password: secretly\n",
            &["ttyS0", "ttyAMA0"],
            &all,
        ),
    ];
    for (case, text, consoles, expected) in cases {
        let config = parse_config("config.yaml", format!("version: 1\n{text}").as_bytes())
            .unwrap_or_else(|report| panic!("{case}: {report}"));
        let facts = Facts {
            serial_consoles: consoles.iter().map(ToString::to_string).collect(),
            ..Facts::default()
        };
        for purpose in PURPOSES {
            let situation = Situation {
                trial: None,
                purpose,
                rescue: false,
            };
            let services = services(&config, &facts, situation).expect("they fit");
            let mut prompts: Vec<&str> = services
                .iter()
                .filter(|service| service.command.iter().any(|word| word.contains("getty")))
                .map(|service| service.name.as_str())
                .collect();
            prompts.sort_unstable();
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(prompts, expected, "{case}, {purpose:?}");
        }
    }
}

#[test]
fn the_menu_is_not_where_a_login_prompt_is() {
    for (text, expected) in [
        ("", &["menu"][..]),
        ("password: secretly\n", &["menu", "--without", "ttyS0"]),
    ] {
        let config = parse_config("config.yaml", format!("version: 1\n{text}").as_bytes())
            .unwrap_or_else(|report| panic!("{report}"));
        let facts = Facts {
            serial_consoles: vec!["ttyS0".to_owned()],
            ..Facts::default()
        };
        let situation = Situation {
            trial: None,
            purpose: Purpose::Asked,
            rescue: false,
        };
        let services = services(&config, &facts, situation).expect("they fit");
        let menu = services.iter().find(|it| it.name.as_str() == "menu");
        assert_eq!(menu.expect("there").command[2..], *expected, "{text}");
    }
}

#[test]
fn what_each_may_do_is_said_with_its_reason() {
    let text = "version: 1\npassword: secretly\nrun_commands: [a]\nconfig_url: https://x.test/c\n\
                ssh_authorized_keys: [github:octocat]\nimages: [{url: 'https://x.test/i.tar'}]\n\
                backup: {to: /var/backups, every_hours: 24, recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]}\n";
    let config =
        parse_config("config.yaml", text.as_bytes()).unwrap_or_else(|report| panic!("{report}"));
    for purpose in PURPOSES {
        let situation = Situation {
            trial: Some(init_api::Millis(1)),
            purpose,
            rescue: false,
        };
        let all = services(&config, &Facts::default(), situation).expect("they fit");
        for service in all.iter() {
            assert_ne!(service.rights, Rights::default(), "{}", service.name);
        }
    }
}

/// What PID 1 goes by: of all services, only the user's commands must not be started by a later configuration.
#[test]
fn only_run_commands_run_once_a_boot() {
    let text = "version: 1\nhostname: shed\nrun_commands: [a]\nconfig_url: https://x.test/c\n\
                ssh_authorized_keys: [github:octocat]\nimages: [{url: 'https://x.test/i.tar'}]\n";
    let config =
        parse_config("config.yaml", text.as_bytes()).unwrap_or_else(|report| panic!("{report}"));
    let situation = Situation {
        trial: Some(init_api::Millis(1)),
        purpose: Purpose::Node,
        rescue: false,
    };
    let all = services(&config, &Facts::default(), situation).expect("they fit");
    let once: Vec<&str> = all
        .iter()
        .filter(|service| service.runs_once())
        .map(|service| service.name.as_str())
        .collect();
    assert_eq!(once, ["run-commands"]);
}
