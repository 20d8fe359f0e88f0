//! Builds an image from the checkout in the current folder.
fn main() {
    let project = builder::Project::find(std::path::Path::new(".")).expect("checkout");
    let args: Vec<String> = std::env::args().skip(1).collect();
    let progress = builder::Progress::detect();
    if args[0] == "lock" {
        match builder::relock(&project, &["amd64".into(), "arm64".into()], None, progress) {
            Ok(c) => println!("{}", c.join("\n")),
            Err(e) => println!("{e} {:?}", std::error::Error::source(&e)),
        }
        return;
    }
    let options = builder::Options {
        board: args[0].clone(),
        version: "0.1.0".into(),
        config: None,
        output: std::path::PathBuf::from(&args[1]),
        mirror: None,
        secure_boot: None,
        programs: args.get(2).map(Into::into),
        jobs: None,
        source_date_epoch: None,
    };
    match builder::build(&project, &options, progress) {
        Ok(b) => println!("{b:?}"),
        Err(e) => {
            println!("{e} {:?}", std::error::Error::source(&e));
            std::process::exit(1)
        }
    }
}
